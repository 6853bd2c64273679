"""The live status messages of this process: each event becomes an edit, time moves the bar, the end is always told."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from structlog import get_logger
from telegram.error import ChatMigrated, TelegramError

from services.clock import Clock, Sleep
from services.generations.model import FILE_LATE, FINAL, Generation, State, rank
from services.generations.progress import still_ours, went_on_elsewhere
from services.generations.store import RunOvertakenError, load, set_status_message
from services.messenger import EditOutcome, Messenger
from services.outbox.calls import Priority
from services.retries import OUTAGE
from services.screens import Screen
from services.status.endings import LAST_MESSAGE_SECONDS, Endings, Remembered
from services.status.render import StatusScreens
from services.store.database import Database
from services.tasks import Tasks, to_its_end

log = get_logger(__name__)

MANY_DELIVERIES = 30
"""From so many on, all that only shows progress is held back: each is a video and an end, and thus two messages of the
30 that all chats together take in a second."""

PRIVATE_SECONDS = 5.0
"""Seconds between two refreshes of one message in a private chat, which takes a message a second."""

GROUP_SECONDS = 15.0
"""The same in a group, which takes 20 a minute."""

UNSEEN_SECONDS = 2.0
"""After so long a state is shown that was held back because the next one was to come soon."""


@dataclass(frozen=True, slots=True)
class ShownStatus:
    """A generation under way, and when its status message was last given something to show."""

    generation: Generation
    at: float
    """Monotonic seconds."""
    unseen: bool = False
    """Whether that was held back."""


def due(shown: Iterable[ShownStatus], now: float, room: int) -> list[Generation]:
    """The generations to be shown anew because time has gone by, and nothing else. Pure.

    Events are shown at once. In between, bars move as often as Telegram's budgets allow: seldom enough in each chat
    that the next event finds room, and in all chats together within ``room``, the edits that the outbox can take now;
    those first that have stood still for longest. In a chat at most one, since it takes one message a second.
    """
    everything = list(shown)
    together = Counter(one.generation.chat_id for one in everything)
    first_of_chat: dict[int, Generation] = {}
    for one in sorted(everything, key=lambda one: one.at):
        chat_id = one.generation.chat_id
        # Those in one chat share what one alone would have.
        pause = (PRIVATE_SECONDS if chat_id > 0 else GROUP_SECONDS) * together[chat_id]
        if now - one.at >= (UNSEEN_SECONDS if one.unseen else pause):
            first_of_chat.setdefault(chat_id, one.generation)
    return list(first_of_chat.values())[: max(0, room)]


@dataclass(slots=True)
class StatusMessages:
    """Shows generations; the outbox below drops what became stale."""

    messenger: Messenger
    database: Database
    screens: StatusScreens
    clock: Clock
    tasks: Tasks
    """Own the edits under way."""
    move_chat: Callable[[int, int], Awaitable[object]]
    """Called with old and new id when a group became a supergroup."""
    seen: Callable[[Generation], object] = lambda _generation: None
    """Told of every generation that is shown, to count where generations stand."""
    endings: Endings = field(init=False)
    _live: dict[str, ShownStatus] = field(default_factory=dict, init=False)
    _delivering: set[str] = field(default_factory=set, init=False)
    _messages: dict[str, int] = field(default_factory=dict, init=False)
    """Status messages that were sent, or sent anew, since the run began."""
    _ended: Remembered = field(default_factory=Remembered, init=False)
    """Those of which nothing but the end is shown any more."""
    _versions: Iterator[int] = field(default_factory=lambda: count(1), init=False)

    def __post_init__(self) -> None:
        """Number the ends with all else that is shown."""
        self.endings = Endings(self.messenger, self.database, self.screens, self.clock, self._versions, self.move_chat)

    def progress(self, generation: Generation) -> None:
        """Show where a generation stands; returns at once. An older state never follows a newer one.

        That its videos are being sent is shown only if it takes a while, or a file is not there yet: the chat takes one
        message a second, and the next one shall be the video. With many deliveries at once, only ends are.
        """
        self.seen(generation)
        if generation.id in self._ended:
            return
        shown = self._live.get(generation.id)
        if shown is not None and rank(shown.generation.state) > rank(generation.state):
            return
        if generation.state is State.DELIVERING:
            self._delivering.add(generation.id)
        may_wait = generation.state is State.DELIVERING and generation.note != FILE_LATE
        if may_wait or len(self._delivering) >= MANY_DELIVERIES:
            self._live[generation.id] = ShownStatus(generation, self.clock.monotonic(), unseen=True)
        else:
            self._show(generation)

    def _show(self, generation: Generation) -> None:
        self._live[generation.id] = ShownStatus(generation, self.clock.monotonic())
        self.tasks.start(self._edit(generation, next(self._versions)), name=f"status-{generation.id}")

    async def first(self, generation: Generation, position: int | None) -> None:
        """Make the card the status message, or send one where there is none."""
        version, card = next(self._versions), generation.status_message_id
        if card is not None and self._is_known(generation.id):
            # Its run was faster: what it shows is newer.
            return
        screen = await self.screens.of(generation, position)
        try:
            is_shown = await self._edit_message(generation, card, screen, version, Priority.STATUS)
        except RunOvertakenError:
            return
        if not is_shown:
            # Cut off in the middle, it would stay for good beside the one that the next process sends.
            await to_its_end(self._send_first(generation, screen), LAST_MESSAGE_SECONDS)

    async def _send_first(self, generation: Generation, screen: Screen) -> None:
        message_id = await self.messenger.send(generation.place, screen, Priority.STATUS)
        # As with a card: the next commit that money hangs on, its claim most likely, makes this one last as well.
        if not await self.database.write(set_status_message, generation, message_id, durable=False):
            # The run was faster and has a status message of its own.
            await self.messenger.delete(generation.chat_id, message_id)
        elif self.database.is_sqlite and generation.id not in self._ended:
            # Its run may have begun without it.
            self._messages[generation.id] = message_id

    async def waiting(self, generation: Generation, position: int) -> None:
        """Show a new place in the queue. Returns at once: a chat that Telegram slows down must not hold up turns."""
        if generation.status_message_id is not None and not self._is_known(generation.id):
            self.tasks.start(self._edit(generation, next(self._versions), position), name=f"place-{generation.id}")

    async def end(self, generation: Generation) -> None:
        """Show the end, and remember that it was shown. A status message that is gone is sent anew.

        Callers that come at the same time, such as a button and a run, tell it once.

        Raises:
            telegram.error.TelegramError: Telegram cannot be reached; to be tried again.
        """
        self.seen(generation)
        self.forget(generation.id)
        self._ended.add(generation.id)
        await self.endings.tell(generation)

    async def correct(self, generation_id: str) -> None:
        """Show the end again if there is one: another process told it, and an edit of this one may have come after."""
        if self.database.is_sqlite:
            return
        try:
            await self.endings.tell_again(generation_id)
        except OUTAGE as error:
            log.info("end_not_shown_again", generation=generation_id, error=type(error).__name__)

    async def tick(self, sleep: Sleep, room: Callable[[], int]) -> None:
        """Move the bars as time goes by, as far as the outbox has room for edits; runs until cancelled."""
        while True:
            await sleep(1.0)
            free = room() if len(self._delivering) < MANY_DELIVERIES else room() // 5
            for generation in due(self._live.values(), self.clock.monotonic(), free):
                self._show(generation)

    def forget(self, generation_id: str) -> None:
        """Stop refreshing a generation."""
        self._live.pop(generation_id, None)
        self._delivering.discard(generation_id)
        self._messages.pop(generation_id, None)

    async def overtaken(self, generation: Generation) -> None:
        """Leave a generation to the run that has taken it, in another process most likely."""
        self._forget_run(generation)
        await self.correct(generation.id)

    def _is_known(self, generation_id: str) -> bool:
        """Whether a run of this process shows it, or has shown its end."""
        return generation_id in self._live or generation_id in self._ended

    def _forget_run(self, generation: Generation) -> None:
        """Stop refreshing a run that was overtaken, unless it is one of this process that overtook it."""
        shown = self._live.get(generation.id)
        if shown is not None and shown.generation.epoch <= generation.epoch:
            self.forget(generation.id)

    async def _edit(self, generation: Generation, version: int, position: int | None = None) -> None:
        if generation.state in FINAL:
            return
        try:
            screen = await self.screens.of(generation, position)
            known = self._messages.get(generation.id, generation.status_message_id)
            is_shown = await self._edit_message(generation, known, screen, version)
            # Where no other process can have sent one, one that is not known is not there.
            if not is_shown and not (known is None and self.database.is_sqlite):
                now = await self.database.read(load, generation.id)
                newest = None if now is None else now.status_message_id
                if newest is not None and newest != known:
                    if generation.id in self._live:
                        self._messages[generation.id] = newest
                    await self._edit_message(generation, newest, screen, version)
            if await went_on_elsewhere(self.database, generation):
                # The edit came late: this process stood still, or the message's turn was long in coming.
                await self.overtaken(generation)
        except RunOvertakenError:
            self._forget_run(generation)
        except ChatMigrated as error:
            self.forget(generation.id)
            self._ended.add(generation.id)
            await self.move_chat(generation.chat_id, error.new_chat_id)
        except (TelegramError, *OUTAGE) as error:
            log.info("progress_not_shown", error=type(error).__name__)

    async def _edit_message(
        self,
        generation: Generation,
        message_id: int | None,
        screen: Screen,
        version: int,
        priority: Priority = Priority.PROGRESS,
    ) -> bool:
        """Whether there is such a message."""
        if message_id is None:
            return False
        outcome = await self.messenger.edit(
            generation.chat_id, message_id, screen, priority, version, lambda: still_ours(self.database, generation)
        )
        return outcome is not EditOutcome.GONE
