"""A group that became a supergroup: everything kept of it lives on under the new id.

Source: Bot API pages of ``Message`` (``migrate_to_chat_id``) and ``ResponseParameters``.
"""

from dataclasses import dataclass

from services.access import Access
from services.drafts.store import move_drafts
from services.generations.store import move_generations
from services.store.database import Database


@dataclass(slots=True)
class ChatMoves:
    """Follows groups."""

    database: Database
    access: Access

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> tuple[str, ...]:
        """Follow a group, and return the open drafts that came along: their cards are to be shown. May be repeated."""
        if old_chat_id == new_chat_id:
            return ()
        await self.access.migrate(old_chat_id, new_chat_id)
        await self.database.write(move_generations, old_chat_id, new_chat_id)
        return await self.database.write(move_drafts, old_chat_id, new_chat_id)
