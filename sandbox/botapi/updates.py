"""Updates on their way to the bot, and long polling for them (https://core.telegram.org/bots/api#getting-updates)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.botapi.errors import POLL_TERMINATED, conflict
from sandbox.botapi.model import JsonObject
from sandbox.signals import Signal

FIRST_UPDATE_ID = 100_000_001
KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
)
ONLY_WHEN_ASKED = {"chat_member", "message_reaction", "message_reaction_count"}


@dataclass(frozen=True, slots=True)
class Update:
    """One update: ``payload`` shows things as they were when it happened."""

    update_id: int
    kind: str
    payload: JsonObject

    def wire(self) -> JsonObject:
        """An ``Update``."""
        return {"update_id": self.update_id, self.kind: self.payload}


class UpdateQueue:
    """Updates that the bot has not confirmed yet.

    Attributes:
        allowed: Kinds that the bot wants; empty = the usual ones.
        produced: All updates that were queued.
        again: Ids of updates that are to be given out once more, although they were confirmed.
        losing: Kinds of updates, or fields of messages, that get lost on their way, each entry once.
        lost: The updates that did.
        polls: How many polls have begun.
    """

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self.pending: list[Update] = []
        self.allowed: tuple[str, ...] = ()
        self.produced: list[Update] = []
        self.again: set[int] = set()
        self.losing: list[str] = []
        self.lost: list[Update] = []
        self.closed = False
        self.polls = 0
        self._next_id = FIRST_UPDATE_ID
        self._poll = 0

    def push(self, kind: str, payload: JsonObject) -> Update | None:
        """Queue an update, unless the bot does not want that kind."""
        wanted = kind in self.allowed if self.allowed else kind not in ONLY_WHEN_ASKED
        if not wanted:
            return None
        update = Update(self._next_id, kind, payload)
        self._next_id += 1
        losing = next((name for name in self.losing if name == kind or name in payload), None)
        if losing is not None:
            self.losing.remove(losing)
            self.lost.append(update)
            return None
        self.pending.append(update)
        self.produced.append(update)
        self.signal.notify()
        return update

    def repeat(self, update: Update) -> None:
        """Queue an update once more, as happens when its confirmation is lost."""
        self.again.add(update.update_id)
        self.pending = sorted([*self.pending, update], key=lambda one: one.update_id)
        self.signal.notify()

    def confirm(self, offset: int) -> None:
        """Forget all updates below ``offset`` but those to come again; a negative one keeps that many of the newest."""
        if offset < 0:
            self.pending = self.pending[offset:]
        else:
            self.pending = [one for one in self.pending if one.update_id >= offset or one.update_id in self.again]
        self.signal.notify()

    async def poll(self, offset: int, limit: int, wait: float) -> Sequence[Update]:
        """Updates from ``offset`` on, at once or within ``wait`` seconds.

        Raises:
            ApiError: 409 when another poll has begun meanwhile.
        """
        self._poll += 1
        self.polls += 1
        own = self._poll
        self.signal.notify()
        if offset:
            self.confirm(offset)
        try:
            async with asyncio.timeout(wait):
                while not self.pending and not self.closed:
                    await self.signal.wait()
                    if self._poll != own:
                        raise conflict(POLL_TERMINATED)
        except TimeoutError:
            return ()
        given = self.pending[:limit]
        self.again -= {update.update_id for update in given}
        return given

    def stop_polls(self) -> None:
        """End the poll that waits, as a webhook or another poll does."""
        self._poll += 1
        self.signal.notify()

    def close(self) -> None:
        """Let all who wait go."""
        self.closed = True
        self.signal.notify()
