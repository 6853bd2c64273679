"""Brings one draft's card up to date, and starts the drafts that start by themselves.

Generate, on the card, comes back as an update of its own (``handlers/buttons.py``).
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar, TypeVarTuple

import structlog
from sqlalchemy.orm import Session
from telegram.error import BadRequest, ChatMigrated, NetworkError, RetryAfter, TelegramError, TimedOut

from services.cards.store import CLAIM_LASTS, ask_first, claim, is_sent_off, lost, release, sent, shown, tell_extra
from services.cards.timers import QUIET_SECONDS
from services.cards.view import card_screen
from services.clock import Clock
from services.drafts.model import Draft, DraftState
from services.drafts.store import load
from services.generations.model import LimitReached, Price
from services.inbox import Inbox
from services.messenger import ChatClosedError, EditOutcome, Messenger
from services.orders import Starter, StartOutcome, refusal
from services.retries import OUTAGE
from services.screens import Place, Screen
from services.store.database import Database
from services.telegram_errors import wait_of
from services.texts import Texts

ALBUM_QUIET = timedelta(seconds=2.5)
"""How long nothing must come in before a draft with a part of an album starts by itself, where ``QUIET_SECONDS`` are
enough for others: more parts may be on their way."""

BEFORE_ANY_STATUS = -1_000_000_000
"""Added to a draft's version, it gives the card's place among the edits of its message: every state of the generation,
whose versions are not negative, is newer."""

RETRY_SECONDS = 3.0
"""Between a network failure and the next attempt."""

UNHANDLED_SECONDS = 0.2
"""Between two looks whether a person's messages have been handled."""

AT_ONCE = 0.0
"""Until the next look, where the card is behind already."""

_MAX_ROUNDS = 20

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_log = structlog.get_logger(__name__)


class SubmittedElsewhereError(Exception):
    """The draft was sent off, by this process or another one: it has no card any more."""


@dataclass(slots=True)
class CardRefresher:
    """Shows drafts as they are; the database, not the caller, knows what that is."""

    database: Database
    starter: Starter
    show_started: Callable[[StartOutcome], Awaitable[None]]
    """Shows what a start has come to (:meth:`Orders.show_started`)."""
    messenger: Messenger
    move_chat: Callable[[int, int], Awaitable[object]]
    """Called with old and new id when a group became a supergroup."""
    texts: Texts
    clock: Clock
    inbox: Inbox
    """Knows of messages that are still to be handled."""
    quote: Callable[[int, int], Awaitable[Price | None]]
    """What so many videos of a person's would cost; None for nothing."""
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
        except (ChatClosedError, TelegramError) as error:
            if isinstance(error, NetworkError) and not isinstance(error, BadRequest):
                _log.info("draft-card-delayed", error=type(error).__name__)
                return RETRY_SECONDS
            _log.warning("draft-card-refused", error=type(error).__name__)
        draft = await self.database.read(load, draft_id)
        if draft is not None:
            await self._note(shown, draft_id, draft.version)
        return None

    async def _refresh(self, draft_id: str) -> float | None:
        draft = await self.database.read(load, draft_id)
        if draft is None or draft.state is DraftState.CANCELLED:
            return await self._show(draft)
        is_gathering = draft.state is DraftState.GATHERING
        if draft.can_start_itself or is_gathering:
            wait = await self._wait(draft)
            if wait is not None:
                return wait
        # Generate may have been pressed in the moment after the photo too many came in.
        await self._tell_extra(draft)
        if draft.can_start_itself:
            await self._start(draft)
        elif is_gathering:
            await self._note(ask_first, draft_id)
        else:
            return await self._show(draft)
        return await self._show(await self.database.read(load, draft_id))

    async def _wait(self, draft: Draft) -> float | None:
        """Seconds before a draft may start by itself, or None when it may now."""
        now = self.clock.now()
        # Parts of an album that came while no process ran are about to be heard of.
        album_ready_at = max(draft.updated_at, self._since) + ALBUM_QUIET
        ready_at = album_ready_at if draft.has_album else draft.updated_at + timedelta(seconds=QUIET_SECONDS)
        if ready_at > now:
            return (ready_at - now).total_seconds()
        # In a rush a part may have arrived long before its handler begins, or its photo is being checked.
        return UNHANDLED_SECONDS if await self.inbox.holds(draft.owner.chat_id, draft.owner.user_id) else None

    async def _start(self, draft: Draft) -> None:
        outcome = await self.starter.start(draft.id, draft.owner.user_id)
        await self.show_started(outcome)
        if isinstance(outcome, LimitReached):
            await self._note(ask_first, draft.id)
            await self._say(draft, refusal(outcome, self.texts.into(draft.language)), draft.request_message_id)

    async def _tell_extra(self, draft: Draft) -> None:
        if draft.extra_message_id is None or draft.extra_told or not await self._note(tell_extra, draft.id):
            return
        sentences = [self.texts.into(draft.language).html(key) for key in draft.extra_keys]
        await self._say(draft, "\n".join(sentences), draft.extra_message_id)

    async def _say(self, draft: Draft, html: str, reply_to: int) -> None:
        try:
            await self._send_reply(draft, Screen(html), reply_to)
        except (ChatClosedError, TelegramError) as error:
            # The sentence is a courtesy; the card, or the videos, are not to wait for it.
            _log.info("draft-notice-lost", error=type(error).__name__)

    async def _show(self, draft: Draft | None) -> float | None:
        """Show a draft until its card is not behind; seconds after which to look again, or None when all is done."""
        for _ in range(_MAX_ROUNDS):
            if draft is None or not _is_behind(draft):
                return None
            card = draft.card_message_id
            again = await (self._send(draft) if card is None else self._edit(draft, card))
            if again != AT_ONCE:
                return again
            draft = await self.database.read(load, draft.id)
        return RETRY_SECONDS

    async def _edit(self, draft: Draft, message_id: int) -> float | None:
        editing = self.messenger.edit(
            draft.owner.chat_id,
            message_id,
            await self._card(draft),
            version=draft.version + BEFORE_ANY_STATUS,
            fence=lambda: self._still_a_card(draft.id),
        )
        try:
            outcome = await self._following(draft, editing)
        except SubmittedElsewhereError:
            return None
        if outcome is EditOutcome.GONE and draft.state is DraftState.OPEN:
            await self._note(lost, draft.id, message_id)
            return AT_ONCE
        return AT_ONCE if await self._note(shown, draft.id, draft.version) > draft.version else None

    async def _still_a_card(self, draft_id: str) -> None:
        """Look once more before a card is edited; where nobody can tell, it is.

        Of one process, the outbox keeps card and status in their order.

        Raises:
            SubmittedElsewhereError: Another process has sent the draft off: its card is a status message by now.
        """
        if self.database.is_sqlite:
            return
        with suppress(*OUTAGE):
            if await self.database.read(is_sent_off, draft_id):
                raise SubmittedElsewhereError

    async def _send(self, draft: Draft) -> float | None:
        """Send the card, unless somebody else does."""
        version = await self._note(claim, draft.id, self.clock.now())
        if version is None:
            # Whoever else has the claim shows the newest version in the end.
            return None
        newest = draft if version == draft.version else await self.database.read(load, draft.id)
        if newest is None:
            return None
        try:
            reply_to = newest.request_message_id if newest.owner.in_group else 0
            message_id = await self._send_reply(newest, await self._card(newest), reply_to)
        except TimedOut:
            # It may have been sent: a second card is worse than a late one.
            return CLAIM_LASTS.total_seconds()
        except (ChatClosedError, TelegramError):
            await self._note(release, draft.id)
            raise
        if message_id is None:
            await self._note(release, draft.id)
            return AT_ONCE
        version = await self._note(sent, draft.id, message_id, newest.version)
        if version is None:
            # The status message is another one; where this one cannot be deleted it says what became of it.
            screen = Screen(self.texts.into(newest.language).html("draft-card-started"))
            await self.messenger.edit(newest.owner.chat_id, message_id, screen)
            await self.messenger.delete(newest.owner.chat_id, message_id)
            return None
        return AT_ONCE if version > newest.version else None

    async def _card(self, draft: Draft) -> Screen:
        price = await self.quote(draft.owner.user_id, draft.options.count) if draft.state is DraftState.OPEN else None
        return card_screen(draft, self.texts.into(draft.language), price)

    async def _send_reply(self, draft: Draft, screen: Screen, reply_to: int) -> int | None:
        """Send a message; None where everything has moved to a supergroup instead."""
        # What was borrowed, or moved with its group, has no message here to reply to.
        place = Place(draft.owner.chat_id, draft.owner.thread_id, reply_to if reply_to > 0 else None)
        return await self._following(draft, self.messenger.send(place, screen))

    async def _following(self, draft: Draft, call: Awaitable[T]) -> T | None:
        """Make a call; where the group has become a supergroup, move everything there and return None."""
        try:
            return await call
        except ChatMigrated as error:
            await self.move_chat(draft.owner.chat_id, error.new_chat_id)
            return None

    async def _note(self, change: Callable[[Session, *Ts], T], *args: *Ts) -> T:
        """Keep the books on cards, without a wait for the disk."""
        return await self.database.write(change, *args, durable=False)


def _is_behind(draft: Draft) -> bool:
    """Whether the card must be shown anew; what was given up unshown needs none, nor do captions alone."""
    if draft.state in {DraftState.SUBMITTED, DraftState.GATHERING} or draft.card_version >= draft.version:
        return False
    return draft.card_message_id is not None or (draft.state is DraftState.OPEN and not draft.is_captions_alone)
