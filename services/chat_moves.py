"""A group that became a supergroup: everything kept of it lives on under the new id.

Source: Bot API pages of ``Message`` (``migrate_to_chat_id``) and ``ResponseParameters``.
"""

from typing import Protocol

from services.drafts.upkeep import move_drafts
from services.store.database import Database


class MovesGenerations(Protocol):
    """Knows the generations of chats."""

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> None:
        """Let them go on in the new chat; idempotent."""
        ...


class MovesAccess(Protocol):
    """Knows who may use the bot where."""

    async def migrate(self, old_chat_id: int, new_chat_id: int) -> None:
        """Let what was decided of the old chat hold for the new one; idempotent."""
        ...


class ChatMoves:
    """Follows groups.

    Args:
        database: Holds the drafts.
        generations: Moves the generations.
        access: Moves what admins decided.
    """

    def __init__(self, database: Database, generations: MovesGenerations, access: MovesAccess) -> None:
        self._database = database
        self._generations = generations
        self._access = access

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> tuple[str, ...]:
        """Follow a group; repeating it changes nothing.

        Returns:
            The open drafts that came along, whose cards are to be shown.
        """
        if old_chat_id == new_chat_id:
            return ()
        await self._access.migrate(old_chat_id, new_chat_id)
        await self._generations.move_chat(old_chat_id, new_chat_id)
        async with self._database.old_write() as session:
            return await move_drafts(session, old_chat_id, new_chat_id)
