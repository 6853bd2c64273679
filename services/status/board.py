"""The live status messages of this process: each event becomes an edit, time moves the bar, the end is always told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger
from telegram.error import TelegramError

from services.clock import Clock
from services.generations.machine import rank
from services.generations.model import FILE_LATE, FINAL, Generation, State
from services.generations.repository import GenerationRows
from services.generations.results import Results
from services.messenger import ChatMovedError, EditOutcome, Messenger
from services.outbox.priority import Priority
from services.payments.model import Settlement
from services.screens import Screen
from services.status.endings import LAST_MESSAGE_SECONDS, Endings, Remembered, place_of
from services.status.estimates import Estimates
from services.status.refreshing import Refreshable, due
from services.status.render import Links, Surroundings, render, render_links
from services.tasks import Tasks, to_its_end
from services.texts import Texts

log = get_logger(__name__)


class _WentOnError(Exception):
    """Another process has gone on with the generation: what this one would show is old."""


MANY_DELIVERIES = 30
"""From so many on, all that only shows progress is held back: each is a video and an end, and thus two messages of the
30 that all chats together take in a second."""


@dataclass(frozen=True, slots=True)
class _Shown:
    generation: Generation
    at: float
    unseen: bool = False


class StatusBoard:
    """Shows generations; the outbox below drops what became stale.

    Args:
        messenger: Sends and edits.
        rows: The rows of generations.
        results: The videos.
        estimates: How long earlier ones took.
        texts: All languages.
        clock: Tells the time.
        tasks: Owns the edits under way.
        move_chat: Called with old and new id when a group became a supergroup.
        seen: Told of every generation that is shown, to count where generations stand.
        can_share: Whether people can send their videos to other chats by inline queries.
        settle: Settles a generation that was sold and has ended; what came back.
        pay_link: The address that leads to the invoice of a generation.
    """

    def __init__(
        self,
        messenger: Messenger,
        rows: GenerationRows,
        results: Results,
        estimates: Estimates,
        texts: Texts,
        clock: Clock,
        tasks: Tasks,
        move_chat: Callable[[int, int], Awaitable[object]],
        seen: Callable[[Generation], object] = lambda _generation: None,
        *,
        can_share: bool = False,
        settle: Callable[[str], Awaitable[Settlement | None]] | None = None,
        pay_link: Callable[[str], str] = lambda _id: "",
    ) -> None:
        self._can_share = can_share
        self._settle = settle
        self._pay_link = pay_link
        self._seen = seen
        self._messenger = messenger
        self._rows = rows
        self._results = results
        self._estimates = estimates
        self._texts = texts
        self._clock = clock
        self._tasks = tasks
        self._move_chat = move_chat
        self._live: dict[str, _Shown] = {}
        self._delivering: set[str] = set()
        self._messages: dict[str, int] = {}
        self._moved: set[str] = set()
        self._ended = Remembered()
        self._endings = Endings(messenger, rows, self._end_screen, self._links, self._next_version, move_chat)
        self._version = 0

    def progress(self, generation: Generation) -> None:
        """Show where a generation stands; returns at once. An older state never follows a newer one.

        That its videos are being sent is shown only if it takes a while, or a file is not there yet: the chat takes one
        message a second, and the next one shall be the video. With many deliveries at once, only ends are.
        """
        self._seen(generation)
        if generation.id in self._ended or generation.id in self._moved:
            return
        shown = self._live.get(generation.id)
        if shown is not None and rank(shown.generation.state) > rank(generation.state):
            return
        if generation.state is State.DELIVERING:
            self._delivering.add(generation.id)
        may_wait = generation.state is State.DELIVERING and generation.note != FILE_LATE
        if may_wait or len(self._delivering) >= MANY_DELIVERIES:
            self._live[generation.id] = _Shown(generation, self._clock.monotonic(), unseen=True)
        else:
            self._show(generation)

    def _show(self, generation: Generation) -> None:
        self._live[generation.id] = _Shown(generation, self._clock.monotonic())
        self._tasks.start(self._edit(generation, self._next_version()), name=f"status-{generation.id}")

    async def first(self, generation: Generation, position: int | None) -> Generation:
        """Make the card the status message, or send one where there is none.

        Returns:
            The generation with its status message.
        """
        version = self._next_version()
        if generation.status_message_id is not None and self._is_known(generation.id):
            # Its run was faster: what it shows is newer.
            return generation
        screen = await self._screen(generation, position)
        if generation.status_message_id is not None:
            try:
                outcome = await self._messenger.edit(
                    generation.chat_id,
                    generation.status_message_id,
                    screen,
                    Priority.STATUS,
                    version,
                    lambda: self._fence(generation),
                )
            except _WentOnError:
                return generation
            if outcome is not EditOutcome.GONE:
                return generation
        # Cut off in the middle, it would stay for good beside the one that the next process sends.
        return await to_its_end(self._send_first(generation, screen), LAST_MESSAGE_SECONDS)

    async def _send_first(self, generation: Generation, screen: Screen) -> Generation:
        message_id = await self._messenger.send(place_of(generation), screen, Priority.STATUS)
        if not await self._rows.set_status_message(generation, message_id):
            # The run was faster and has a status message of its own.
            await self._messenger.delete(generation.chat_id, message_id)
            return generation
        return replace(generation, status_message_id=message_id)

    async def waiting(self, generation: Generation, position: int) -> None:
        """Show a new place in the queue. Returns at once: a chat that Telegram slows down must not hold up turns."""
        if generation.status_message_id is not None and not self._is_known(generation.id):
            self._tasks.start(self._edit(generation, self._next_version(), position), name=f"place-{generation.id}")

    async def end(self, generation: Generation) -> None:
        """Show the end, and remember that it was shown. A status message that is gone is sent anew.

        Callers that come at the same time, such as a button and a run, tell it once.

        Raises:
            telegram.error.TelegramError: Telegram cannot be reached; to be tried again.
        """
        self._seen(generation)
        self.forget(generation.id)
        self._ended.add(generation.id)
        await self._endings.tell(generation)

    async def end_again(self, generation_id: str) -> None:
        """Show an end once more, because more is to be said of it.

        Raises:
            ChatMovedError: The group became a supergroup.
            telegram.error.TelegramError: Telegram cannot be reached.
        """
        await self._endings.renew(generation_id)

    async def correct(self, generation_id: str) -> None:
        """Show the end again if there is one: another process told it, and an edit of this one may have come after."""
        if not self._rows.are_shared:
            return
        try:
            await self._endings.tell_again(generation_id)
        except (ChatMovedError, TelegramError, SQLAlchemyError, OSError) as error:
            log.info("end_not_shown_again", error=type(error).__name__)

    async def tick(self, sleep: Callable[[float], Awaitable[None]], room: Callable[[], int]) -> None:
        """Move the bars as time goes by; runs until cancelled.

        Args:
            sleep: Waits some seconds.
            room: How many edits the outbox has room for.
        """
        while True:
            await sleep(1.0)
            shown = [Refreshable(key, one.generation.chat_id, one.at, one.unseen) for key, one in self._live.items()]
            free = room() if len(self._delivering) < MANY_DELIVERIES else room() // 5
            for generation_id in due(shown, self._clock.monotonic(), free):
                self._show(self._live[generation_id].generation)

    def forget(self, generation_id: str) -> None:
        """Stop refreshing a generation."""
        self._live.pop(generation_id, None)
        self._delivering.discard(generation_id)
        self._messages.pop(generation_id, None)
        self._moved.discard(generation_id)

    def _is_known(self, generation_id: str) -> bool:
        """Whether a run of this process shows it, or has shown its end."""
        return generation_id in self._live or generation_id in self._ended

    def _next_version(self) -> int:
        self._version += 1
        return self._version

    async def _screen(self, generation: Generation, position: int | None = None, links: Links = Links.HERE) -> Screen:
        estimate = await self._estimates.seconds(generation.count, generation.started_at)
        videos = await self._results.videos(generation.id) if generation.state is State.DONE else []
        settlement = None
        if generation.is_sold and generation.state in FINAL and self._settle is not None:
            # What is said of the money is committed before it is said.
            settlement = await self._settle(generation.id)
        pay_link = self._pay_link(generation.id) if generation.state is State.UNPAID else ""
        around = Surroundings(
            self._clock.now(), estimate, position, videos, links, self._can_share, settlement, pay_link
        )
        return render(generation, around, self._texts.into(generation.language))

    async def _end_screen(self, generation: Generation, links: Links) -> Screen:
        return await self._screen(generation, links=links)

    async def _links(self, generation: Generation) -> Screen | None:
        videos = await self._results.videos(generation.id) if generation.state is State.DONE else []
        return render_links(videos, self._texts.into(generation.language))

    def _forget_run(self, generation: Generation) -> None:
        """Stop refreshing a run that was overtaken, unless it is one of this process that overtook it."""
        shown = self._live.get(generation.id)
        if shown is not None and shown.generation.epoch <= generation.epoch:
            self.forget(generation.id)

    async def _fence(self, generation: Generation) -> None:
        if await self._rows.went_on_elsewhere(generation):
            raise _WentOnError

    async def _edit(self, generation: Generation, version: int, position: int | None = None) -> None:
        if generation.state in FINAL:
            return
        try:
            screen = await self._screen(generation, position)
            known = self._messages.get(generation.id, generation.status_message_id)
            if not await self._edit_message(generation, known, screen, version):
                # Sent, or sent anew, since this run began.
                newest = await self._rows.status_message(generation.id)
                if newest is not None and newest != known:
                    if generation.id in self._live:
                        self._messages[generation.id] = newest
                    await self._edit_message(generation, newest, screen, version)
            if await self._rows.went_on_elsewhere(generation):
                # The edit came late: this process stood still, or the message's turn was long in coming.
                self._forget_run(generation)
                await self.correct(generation.id)
        except _WentOnError:
            self._forget_run(generation)
        except ChatMovedError as error:
            self.forget(generation.id)
            self._moved.add(generation.id)
            await self._move_chat(generation.chat_id, error.new_chat_id)
        except (TelegramError, SQLAlchemyError, OSError) as error:
            log.info("progress_not_shown", error=type(error).__name__)

    async def _edit_message(self, generation: Generation, message_id: int | None, screen: Screen, version: int) -> bool:
        """Whether there is such a message."""
        if message_id is None:
            return False
        outcome = await self._messenger.edit(
            generation.chat_id, message_id, screen, Priority.PROGRESS, version, lambda: self._fence(generation)
        )
        return outcome is not EditOutcome.GONE
