"""Brings one draft's card up to date, and starts the drafts that start by themselves."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import structlog
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut

from services.clock import Clock
from services.drafts.card import card_screen
from services.drafts.ledger import CLAIM, CardLedger, SentOutcome
from services.drafts.model import Draft, DraftState
from services.drafts.ports import Expecting, Messages, MovingChats
from services.drafts.repository import Drafts, SubmittedElsewhereError
from services.drafts.starting import Refused, Started, Starter, refusal_screen
from services.messenger import ChatClosedError, ChatMovedError, EditOutcome
from services.screens import Place, Screen
from services.texts import Phrases, Texts

BEFORE_ANY_STATUS = -1_000_000_000
"""Added to a draft's version, it gives the card's place among the edits of its message: every state of the generation,
whose versions are not negative, is newer."""

RETRY_SECONDS = 3.0
"""Between a network failure and the next attempt."""

UNHANDLED_SECONDS = 0.2
"""Between two looks whether a person's messages have been handled."""

_MAX_ROUNDS = 20

T = TypeVar("T")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Quiet:
    """How long nothing must come in before a draft starts by itself.

    Attributes:
        album: After a part of an album: others may be on their way.
        single: Otherwise.
    """

    album: timedelta = timedelta(seconds=2.5)
    single: timedelta = timedelta(seconds=0.4)


class CardKeeper:
    """Shows drafts as they are; the database, not the caller, knows what that is.

    Args:
        drafts: The drafts.
        ledger: The books on their cards.
        starter: Starts those that start by themselves.
        messages: Sends and edits.
        moving: Follows a group that became a supergroup.
        texts: All texts.
        clock: Says when it is.
        arrivals: Knows of messages that are still to be handled; None where all are handled as they come.
        quiet: How long to wait before a draft starts by itself.
    """

    def __init__(
        self,
        drafts: Drafts,
        ledger: CardLedger,
        starter: Starter,
        messages: Messages,
        moving: MovingChats,
        texts: Texts,
        clock: Clock,
        arrivals: Expecting | None = None,
        quiet: Quiet | None = None,
    ) -> None:
        self._drafts = drafts
        self._ledger = ledger
        self._starter = starter
        self._messages = messages
        self._moving = moving
        self._texts = texts
        self._clock = clock
        self._arrivals = arrivals
        self._quiet = quiet or Quiet()
        self._since = clock.now()

    async def refresh(self, draft_id: str) -> float | None:
        """Bring the card up to date, or start the draft when its time has come.

        Returns:
            Seconds after which to call again, or None when all is done.
        """
        try:
            return await self._refresh(draft_id)
        except RetryAfter as error:
            seconds = error.retry_after
            return seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
        except BadRequest as error:
            await self._give_up(draft_id, error)
        except (TimedOut, NetworkError) as error:
            _log.info("draft-card-delayed", error=type(error).__name__)
            return RETRY_SECONDS
        except (ChatClosedError, TelegramError) as error:
            await self._give_up(draft_id, error)
        return None

    async def _refresh(self, draft_id: str) -> float | None:
        draft = await self._drafts.get(draft_id)
        if draft is None:
            return None
        if draft.state is DraftState.SUBMITTED:
            # Generate may have been pressed in the moment after the photo too many came in.
            await self._tell_extra(draft)
            return None
        if draft.starts_itself and draft.is_ready and draft.state is not DraftState.CANCELLED:
            wait = await self._wait(draft)
            if wait is not None:
                return wait
            await self._tell_extra(draft)
            if await self._start(draft):
                return None
        elif draft.state is DraftState.STARTING:
            wait = await self._wait(draft)
            if wait is not None:
                return wait
            await self._ledger.ask_first(draft_id)
        elif draft.state is DraftState.OPEN:
            await self._tell_extra(draft)
        return await self._show(draft_id)

    async def _wait(self, draft: Draft) -> float | None:
        """Seconds before a draft may start by itself, or None when it may now."""
        now = self._clock.now()
        if draft.has_album:
            # Parts that came while no process ran are about to be heard of.
            ready_at = max(draft.updated_at, self._since) + self._quiet.album
        else:
            ready_at = draft.updated_at + self._quiet.single
        if draft.held_until is not None:
            ready_at = max(ready_at, draft.held_until)
        if ready_at > now:
            return (ready_at - now).total_seconds()
        owner = draft.owner
        # In a rush a part may have arrived long before its handler begins.
        if self._arrivals is not None and await self._arrivals.are_left(owner.chat_id, owner.user_id):
            return UNHANDLED_SECONDS
        return None

    async def _start(self, draft: Draft) -> bool:
        outcome = await self._starter.start(draft.id, draft.owner.user_id)
        await self._starter.show(outcome)
        if not isinstance(outcome, Refused):
            return isinstance(outcome, Started)
        await self._ledger.ask_first(draft.id)
        await self._say(draft, refusal_screen(outcome, self._phrases(draft)), draft.request)
        return False

    async def _tell_extra(self, draft: Draft) -> None:
        if draft.extra_message_id is None or draft.extra_told or not await self._ledger.tell_extra(draft.id):
            return
        await self._say(draft, Screen(self._phrases(draft).html("draft-extra-photos")), draft.extra_message_id)

    async def _say(self, draft: Draft, screen: Screen, reply_to: int) -> None:
        async def send() -> None:
            place = Place(draft.owner.chat_id, draft.owner.thread_id, reply_to if reply_to > 0 else None)
            await self._messages.send(place, screen)

        try:
            await self._following(draft, send)
        except (ChatClosedError, TelegramError) as error:
            # The sentence is a courtesy; the card, or the videos, are not to wait for it.
            _log.info("draft-notice-lost", error=type(error).__name__)

    async def _show(self, draft_id: str) -> float | None:
        for _ in range(_MAX_ROUNDS):
            draft = await self._drafts.get(draft_id)
            if draft is None or draft.state in {DraftState.SUBMITTED, DraftState.STARTING}:
                return None
            if draft.card_version >= draft.version:
                return None
            if draft.card_message_id is not None:
                await self._edit(draft, draft.card_message_id)
            elif draft.state is DraftState.CANCELLED or draft.is_captions_alone:
                return None
            elif not await self._ledger.claim(draft_id):
                # Whoever has the claim shows the newest version in the end.
                return None
            elif not await self._send(draft):
                return CLAIM.total_seconds()
        return RETRY_SECONDS

    async def _edit(self, draft: Draft, message_id: int) -> None:
        async def edit() -> EditOutcome:
            return await self._messages.edit(
                draft.owner.chat_id,
                message_id,
                card_screen(draft, self._phrases(draft)),
                version=draft.version + BEFORE_ANY_STATUS,
                fence=lambda: self._drafts.still_a_card(draft.id),
            )

        try:
            outcome = await self._following(draft, edit)
        except SubmittedElsewhereError:
            return
        if outcome is EditOutcome.GONE and draft.state is DraftState.OPEN:
            await self._ledger.lost(draft.id, message_id)
        else:
            await self._ledger.shown(draft.id, draft.version)

    async def _send(self, draft: Draft) -> bool:
        reply_to = draft.request if draft.owner.in_group and draft.request > 0 else None

        async def send() -> int:
            place = Place(draft.owner.chat_id, draft.owner.thread_id, reply_to)
            return await self._messages.send(place, card_screen(draft, self._phrases(draft)))

        try:
            message_id = await self._following(draft, send)
        except TimedOut:
            # It may have been sent: a second card is worse than a late one.
            return False
        except (ChatClosedError, TelegramError):
            await self._ledger.release(draft.id)
            raise
        if message_id is None:
            await self._ledger.release(draft.id)
        elif await self._ledger.sent(draft.id, message_id, draft.version) is SentOutcome.ORPHAN:
            screen = Screen(self._phrases(draft).html("draft-card-started"))
            await self._messages.edit(draft.owner.chat_id, message_id, screen)
            # The status message is another one; where this one cannot be deleted it says what became of it.
            await self._messages.delete(draft.owner.chat_id, message_id)
        return True

    async def _following(self, draft: Draft, call: Callable[[], Awaitable[T]]) -> T | None:
        """Call; where the group has become a supergroup, move everything there and return None."""
        try:
            return await call()
        except ChatMovedError as error:
            await self._moving.move_chat(draft.owner.chat_id, error.new_chat_id)
            return None

    async def _give_up(self, draft_id: str, error: Exception) -> None:
        _log.warning("draft-card-refused", error=type(error).__name__)
        draft = await self._drafts.get(draft_id)
        if draft is not None:
            await self._ledger.shown(draft_id, draft.version)

    def _phrases(self, draft: Draft) -> Phrases:
        return self._texts.into(draft.language)
