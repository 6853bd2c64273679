"""Brings one draft's card up to date, and starts the drafts that start by themselves."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError, TimedOut

from services.cards.store import CLAIM, CardStore, SentOutcome, SubmittedElsewhereError
from services.cards.view import card_screen
from services.clock import Clock
from services.drafts.drafts import Drafts
from services.drafts.model import Draft, DraftState
from services.generations.model import LimitReached, Price
from services.inbox import Inbox
from services.messenger import ChatClosedError, ChatMovedError, EditOutcome, Messenger
from services.orders import Starter, StartOutcome, refusal
from services.screens import Place, Screen
from services.telegram_errors import wait_of
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
    """How long nothing must come in before a draft starts by itself."""

    album: timedelta = timedelta(seconds=2.5)
    """After a part of an album: others may be on their way."""
    single: timedelta = timedelta(seconds=0.4)
    """Otherwise."""


@dataclass(slots=True)
class CardUpdates:
    """Shows drafts as they are; the database, not the caller, knows what that is."""

    drafts: Drafts
    store: CardStore
    starter: Starter
    show_started: Callable[[StartOutcome], Awaitable[None]]
    """Shows what a start has come to (:meth:`Generations.show`)."""
    messenger: Messenger
    move_chat: Callable[[int, int], Awaitable[object]]
    """Called with old and new id when a group became a supergroup."""
    texts: Texts
    clock: Clock
    inbox: Inbox | None = None
    """Knows of messages that are still to be handled; None where all are handled as they come."""
    quiet: Quiet = field(default_factory=Quiet)
    quote: Callable[[int, int], Awaitable[Price | None]] | None = None
    """What so many videos of a person's would cost; None where nobody pays."""
    _since: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock.now()

    async def refresh(self, draft_id: str) -> float | None:
        """Bring the card up to date, or start the draft when its time has come.

        Returns:
            Seconds after which to call again, or None when all is done.
        """
        try:
            return await self._refresh(draft_id)
        except RetryAfter as error:
            return wait_of(error)
        except BadRequest as error:
            await self._give_up(draft_id, error)
        except (TimedOut, NetworkError) as error:
            _log.info("draft-card-delayed", error=type(error).__name__)
            return RETRY_SECONDS
        except (ChatClosedError, TelegramError) as error:
            await self._give_up(draft_id, error)
        return None

    async def _refresh(self, draft_id: str) -> float | None:
        draft = await self.drafts.get(draft_id)
        if draft is None:
            return None
        is_due = draft.can_start_itself
        if is_due or draft.state is DraftState.STARTING:
            wait = await self._wait(draft)
            if wait is not None:
                return wait
        # Generate may have been pressed in the moment after the photo too many came in.
        if is_due or draft.state in {DraftState.OPEN, DraftState.SUBMITTED}:
            await self._tell_extra(draft)
        if is_due:
            await self._start(draft)
        elif draft.state is DraftState.STARTING:
            await self._tell_extra(draft)
            await self.store.ask_first(draft_id)
        else:
            return await self._show(draft)
        return await self._show(await self.drafts.get(draft_id))

    async def _wait(self, draft: Draft) -> float | None:
        """Seconds before a draft may start by itself, or None when it may now."""
        now = self.clock.now()
        if draft.has_album:
            # Parts that came while no process ran are about to be heard of.
            ready_at = max(draft.updated_at, self._since) + self.quiet.album
        else:
            ready_at = draft.updated_at + self.quiet.single
        if draft.held_until is not None:
            ready_at = max(ready_at, draft.held_until)
        if ready_at > now:
            return (ready_at - now).total_seconds()
        owner = draft.owner
        # In a rush a part may have arrived long before its handler begins.
        if self.inbox is not None and await self.inbox.holds(owner.chat_id, owner.user_id):
            return UNHANDLED_SECONDS
        return None

    async def _start(self, draft: Draft) -> None:
        outcome = await self.starter.start(draft.id, draft.owner.user_id)
        await self.show_started(outcome)
        if isinstance(outcome, LimitReached):
            await self.store.ask_first(draft.id)
            await self._say(draft, Screen(refusal(outcome, self._phrases(draft))), draft.request)

    async def _tell_extra(self, draft: Draft) -> None:
        if draft.extra_message_id is None or draft.extra_told or not await self.store.tell_extra(draft.id):
            return
        await self._say(
            draft, Screen("\n".join(self._phrases(draft).html(key) for key in draft.extra_keys)), draft.extra_message_id
        )

    async def _say(self, draft: Draft, screen: Screen, reply_to: int) -> None:
        async def send() -> None:
            place = Place(draft.owner.chat_id, draft.owner.thread_id, reply_to if reply_to > 0 else None)
            await self.messenger.send(place, screen)

        try:
            await self._following(draft, send)
        except (ChatClosedError, TelegramError) as error:
            # The sentence is a courtesy; the card, or the videos, are not to wait for it.
            _log.info("draft-notice-lost", error=type(error).__name__)

    async def _show(self, draft: Draft | None) -> float | None:
        for _ in range(_MAX_ROUNDS):
            if draft is None or not _is_behind(draft):
                return None
            outcome = await self._show_once(draft)
            if outcome is None:
                return CLAIM.total_seconds()
            if outcome is not SentOutcome.BEHIND:
                return None
            draft = await self.drafts.get(draft.id)
        return RETRY_SECONDS

    async def _show_once(self, draft: Draft) -> SentOutcome | None:
        """Edit or send the card; None where it may have been sent, and nobody knows."""
        if draft.card_message_id is not None:
            is_newest = await self._edit(draft, draft.card_message_id)
            return SentOutcome.CARD if is_newest else SentOutcome.BEHIND
        version = await self.store.claim(draft.id)
        if version is None:
            # Whoever else has the claim shows the newest version in the end.
            return SentOutcome.CARD
        newest = draft if version == draft.version else await self.drafts.get(draft.id)
        return SentOutcome.ORPHAN if newest is None else await self._send(newest)

    async def _edit(self, draft: Draft, message_id: int) -> bool:
        """Edit the card; whether it shows the draft as it is."""
        screen = await self._card(draft)

        async def edit() -> EditOutcome:
            return await self.messenger.edit(
                draft.owner.chat_id,
                message_id,
                screen,
                version=draft.version + BEFORE_ANY_STATUS,
                fence=lambda: self.store.still_a_card(draft.id),
            )

        try:
            outcome = await self._following(draft, edit)
        except SubmittedElsewhereError:
            return True
        if outcome is EditOutcome.GONE and draft.state is DraftState.OPEN:
            await self.store.lost(draft.id, message_id)
            return False
        return await self.store.shown(draft.id, draft.version)

    async def _send(self, draft: Draft) -> SentOutcome | None:
        reply_to = draft.request if draft.owner.in_group and draft.request > 0 else None

        screen = await self._card(draft)

        async def send() -> int:
            return await self.messenger.send(Place(draft.owner.chat_id, draft.owner.thread_id, reply_to), screen)

        try:
            message_id = await self._following(draft, send)
        except TimedOut:
            # A second card is worse than a late one.
            return None
        except (ChatClosedError, TelegramError):
            await self.store.release(draft.id)
            raise
        if message_id is None:
            await self.store.release(draft.id)
            return SentOutcome.BEHIND
        outcome = await self.store.sent(draft.id, message_id, draft.version)
        if outcome is SentOutcome.ORPHAN:
            screen = Screen(self._phrases(draft).html("draft-card-started"))
            await self.messenger.edit(draft.owner.chat_id, message_id, screen)
            # The status message is another one; where this one cannot be deleted it says what became of it.
            await self.messenger.delete(draft.owner.chat_id, message_id)
        return outcome

    async def _card(self, draft: Draft) -> Screen:
        price = None
        if self.quote is not None and draft.state is DraftState.OPEN:
            price = await self.quote(draft.owner.user_id, draft.count)
        return card_screen(draft, self._phrases(draft), price)

    async def _following(self, draft: Draft, call: Callable[[], Awaitable[T]]) -> T | None:
        """Call; where the group has become a supergroup, move everything there and return None."""
        try:
            return await call()
        except ChatMovedError as error:
            await self.move_chat(draft.owner.chat_id, error.new_chat_id)
            return None

    async def _give_up(self, draft_id: str, error: Exception) -> None:
        _log.warning("draft-card-refused", error=type(error).__name__)
        draft = await self.drafts.get(draft_id)
        if draft is not None:
            await self.store.shown(draft_id, draft.version)

    def _phrases(self, draft: Draft) -> Phrases:
        return self.texts.into(draft.language)


def _is_behind(draft: Draft) -> bool:
    """Whether the card must be shown anew; what was given up unshown needs none, nor do captions alone."""
    if draft.state in {DraftState.SUBMITTED, DraftState.STARTING} or draft.card_version >= draft.version:
        return False
    return draft.card_message_id is not None or (draft.state is DraftState.OPEN and not draft.is_captions_alone)
