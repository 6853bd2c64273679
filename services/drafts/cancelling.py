"""``/cancel`` as far as drafts are concerned."""

from services.drafts.model import Owner
from services.drafts.presses import DraftPresses
from services.drafts.refresher import CardRefresher


class OpenDrafts:
    """The open drafts, for those who know nothing of cards.

    Args:
        presses: Closes them.
        refresher: Shows it.
    """

    def __init__(self, presses: DraftPresses, refresher: CardRefresher) -> None:
        self._presses = presses
        self._refresher = refresher

    async def cancel_open(self, chat_id: int, thread_id: int | None, user_id: int) -> bool:
        """Cancel the person's open draft in this place and make its card say so; False when there is none."""
        draft_id = await self._presses.cancel_open(Owner(chat_id, thread_id, user_id))
        if draft_id is not None:
            self._refresher.now(draft_id)
        return draft_id is not None
