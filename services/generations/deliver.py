"""Delivery: the videos are fetched, sent or linked, and the generation ends with what came of it."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from structlog import get_logger
from telegram.error import ChatMigrated, RetryAfter

from services.clock import Clock
from services.delivery.errors import (
    SendForbiddenError,
    SendNotSentError,
    SendRefusedError,
    SendUnknownError,
    VideoProblem,
)
from services.delivery.plan import Prepared, VideoPreparer, Way, batches
from services.delivery.send import Outgoing, VideoSender
from services.failures import Charged, Failure, FailureKind
from services.generations.model import FILE_LATE, WERE_LINKED, WERE_SENT, Generation, State, Video, VideoState
from services.generations.progress import Reporter, still_ours
from services.generations.results import become, begin_sending, moved, not_sent, sent, videos_of
from services.generations.store import fail, move
from services.outbox.calls import Priority, sending
from services.retries import through_outages
from services.screens import Place
from services.store.database import Database
from services.tasks import to_its_end
from services.temp_dirs import TempDirs

log = get_logger(__name__)

TOGETHER_SECONDS = 60.0
"""How long videos that are there wait for the rest of their album; a file that is not there yet is not waited for."""

MAX_SENDS = 2
"""Sends of one video that may have been delivered."""

BROKEN_UPLOADS = 3
"""Uploads of one group that break off in the middle, though Telegram answers, before its size counts as the reason."""

LAST_SEND_SECONDS = 3.0
"""How long a send that has begun may still take when the process ends: cut off, it would be made once more."""


_OUTCOMES = {VideoProblem.REFUSED_ADDRESS: VideoState.FAILED, VideoProblem.TOO_LARGE: VideoState.LINKED}
"""What becomes of a video with a problem; any other is that of the service's file."""


@dataclass(slots=True)
class Sending:
    """One pass over a generation's videos: groups wait in line, and come back changed when Telegram refuses them.

    Before a send its videos are committed as being sent, after it as sent. A run that finds one being sent cannot know
    whether Telegram took it: it is sent once more at most, when Telegram answers again, and given as a link after that.
    """

    database: Database
    sender: VideoSender
    upload_limit: int
    """The most bytes that one request can upload."""
    move_chat: Callable[[int, int], Awaitable[object]]
    """Called with old and new id when a group became a supergroup."""
    clock: Clock
    random: Callable[[], float]
    """A number from 0 to 1, by which pauses differ."""
    generation: Generation
    sends: dict[int, int]
    """By position, sends that may have been delivered."""
    place: Place = field(init=False)
    """Where they go, as far as that is known to be possible."""
    ended: Generation | None = field(default=None, init=False)
    """The generation, then done, once its last video was sent."""
    _sent_as: VideoState = VideoState.SENT
    _line: deque[list[Prepared]] = field(default_factory=deque)
    _pauses: int = 0
    _broken: int = 0

    def __post_init__(self) -> None:
        """Begin where the request was made."""
        self.place = self.generation.place

    async def send(self, items: Sequence[Prepared]) -> None:
        """Send all of them, one way or another."""
        self._next(items)
        while self._line:
            await self._attempt(self._line.popleft())

    def _next(self, items: Sequence[Prepared]) -> None:
        """Put videos before all that wait, so that their order stays, in groups that Telegram takes at once."""
        sizes = [0 if item.way is Way.URL else item.size or 0 for item in items]
        groups = [[items[index] for index in batch] for batch in batches(sizes, self.upload_limit)]
        self._line.extendleft(reversed(groups))

    async def _attempt(self, group: list[Prepared]) -> None:
        if any(self.sends[item.index] for item in group):
            await self._until_telegram_answers()
        positions = [item.index for item in group]
        await self.database.write(begin_sending, self.generation, positions)
        try:
            await to_its_end(self._send(group), LAST_SEND_SECONDS)
        except SendUnknownError:
            await self._unknown(group)
        except (SendRefusedError, SendForbiddenError, SendNotSentError, RetryAfter, ChatMigrated) as error:
            await self.database.write(not_sent, self.generation, positions)
            await self._after_refusal(group, error)

    async def _send(self, group: list[Prepared]) -> None:
        """Send, and commit that it was done, and the generation with it when these were the last."""
        # The turn may be long in coming, and the process may stand still while it waits.
        with sending(Priority.RESULT, fence=lambda: still_ours(self.database, self.generation)):
            videos = [_outgoing(item) for item in group]
            taken = await self.sender.send(self.place, videos, self.generation.prompt)
        log.info("videos_sent", videos=len(taken), ways=[item.way.value for item in group])
        rows = [(item.index, video.message_id, video.file_id) for item, video in zip(group, taken, strict=True)]
        now, sleep = self.clock.now(), self.clock.sleep
        self.ended = await through_outages(sleep, self.database.write, sent, self.generation, rows, self._sent_as, now)

    async def _unknown(self, group: list[Prepared]) -> None:
        """The answer got lost: once more, when Telegram answers again, and a link after that."""
        log.warning("send_unknown", videos=len(group))
        for item in group:
            self.sends[item.index] += 1
        again = [item for item in group if self.sends[item.index] < MAX_SENDS]
        await _link(self.database, self.generation, [item.index for item in group if item not in again])
        if again:
            await self._pause()
            self._line.appendleft(again)

    async def _after_refusal(self, group: list[Prepared], error: Exception) -> None:
        log.info("send_refused", error=type(error).__name__, videos=len(group))
        broke_off = isinstance(error, SendNotSentError) and error.broke_off
        self._broken += broke_off
        if isinstance(error, ChatMigrated):
            await self.move_chat(self.place.chat_id, error.new_chat_id)
            self.place = Place(error.new_chat_id)
            self._line.appendleft(group)
        elif isinstance(error, SendForbiddenError):
            await self._elsewhere(group)
        elif isinstance(error, SendRefusedError) or self._broken >= BROKEN_UPLOADS:
            await self._another_way(group)
        else:
            await self._pause()
            if broke_off:
                await self._until_telegram_answers()
            self._line.appendleft(group)

    async def _elsewhere(self, group: list[Prepared]) -> None:
        """A group that is closed to the bot: the requester gets the videos in private, where Telegram allows it."""
        if self.place.chat_id != self.generation.user_id:
            self.place, self._sent_as = Place(self.generation.user_id), VideoState.SENT_IN_PRIVATE
            self._line.appendleft(group)
            return
        rest = [item.index for batch in (group, *self._line) for item in batch]
        self._line.clear()
        await _link(self.database, self.generation, rest)

    async def _another_way(self, group: list[Prepared]) -> None:
        """By upload what was refused by address; each alone what was refused as an album; a link at last."""
        self._broken = 0
        if any(item.way is Way.URL for item in group):
            # What is sent by address is on disk, too, and small enough.
            self._next([replace(item, way=Way.UPLOAD) for item in group])
        elif len(group) > 1:
            self._line.extendleft([item] for item in reversed(group))
        else:
            await _link(self.database, self.generation, [group[0].index])

    async def _until_telegram_answers(self) -> None:
        """Wait for the end of an outage: what is sent during one would only get lost as well."""
        while not await self.sender.has_answer():
            await self._pause()
        self._pauses = 0

    async def _pause(self) -> None:
        """Longer and longer, with chance in it, as long as Telegram cannot be reached."""
        self._pauses += 1
        longest = min(60.0, 2.0 ** min(self._pauses, 6))
        await self.clock.sleep(longest * (0.5 + self.random() / 2))


async def _link(database: Database, generation: Generation, positions: Sequence[int]) -> None:
    if positions:
        await database.write(become, generation, positions, VideoState.LINKED)


def _outgoing(item: Prepared) -> Outgoing:
    source = item.path if item.way is Way.UPLOAD else item.url
    assert source is not None
    return Outgoing(source, item.facts, item.filename)


@dataclass(slots=True)
class Deliverer:
    """Sends the videos of a generation."""

    database: Database
    preparer: VideoPreparer
    temp_dirs: TempDirs
    reporter: Reporter
    sender: VideoSender
    sending: Callable[[Generation, dict[int, int]], Sending]
    """Makes a pass over a generation, with its sends by position."""
    clock: Clock
    another_address: Callable[[Generation, int, str], Awaitable[str | None]]
    """Looks for another address of the video at a position whose own is dead."""

    async def run(self, generation: Generation) -> Generation:
        """Send what was not sent yet; the generation is done then, or failed when not one video could be given."""
        self.reporter.progress(generation)
        left = await self._left(generation)
        await _link(self.database, generation, [video.position for video in left if video.send_attempts >= MAX_SENDS])
        fresh = [video for video in left if video.send_attempts < MAX_SENDS]
        if fresh:
            sends = {video.position: video.send_attempts for video in fresh}
            sending_pass = self.sending(generation, sends)
            async with (
                self.sender.uploading(generation.place, self.clock.sleep),
                self.temp_dirs.folder(generation.id, "videos") as folder,
                aclosing(self._groups(generation, fresh, folder)) as groups,
            ):
                async for items in groups:
                    self.reporter.progress(generation)
                    await sending_pass.send(items)
            if sending_pass.ended is not None:
                return sending_pass.ended
        return await self._end(generation)

    async def give_up(self, generation: Generation) -> Generation:
        """End without sending any more: what was not sent becomes links."""
        await _link(self.database, generation, [video.position for video in await self._left(generation)])
        return await self._end(generation)

    async def _left(self, generation: Generation) -> list[Video]:
        videos = await self.database.read(videos_of, generation.id)
        return [video for video in videos if video.state in {VideoState.READY, VideoState.SENDING}]

    async def _groups(
        self, generation: Generation, videos: Sequence[Video], folder: Path
    ) -> AsyncGenerator[list[Prepared], None]:
        """Fetch all videos at the same time; they come all at once, but for those whose file is late."""
        awaited, together = {video.position for video in videos}, asyncio.Event()

        def wait_no_more(*positions: int) -> None:
            awaited.difference_update(positions)
            if not awaited:
                together.set()

        def is_late(position: int) -> None:
            if position in awaited:
                log.info("file_not_there_yet", position=position)
                wait_no_more(position)
                self.reporter.progress(replace(generation, note=FILE_LATE))

        async def prepare(video: Video) -> Prepared | None:
            try:
                return await self._prepare(generation, video, folder, partial(is_late, video.position))
            finally:
                wait_no_more(video.position)

        tasks = [asyncio.ensure_future(prepare(video)) for video in videos]
        patience = asyncio.ensure_future(self.clock.sleep(TOGETHER_SECONDS))
        patience.add_done_callback(lambda _: wait_no_more(*awaited))
        try:
            await together.wait()
            left = set(tasks)
            while left:
                ready, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
                items = [task.result() for task in tasks if task in ready]
                yield [item for item in items if item is not None]
        finally:
            for task in (*tasks, patience):
                task.cancel()
            await asyncio.gather(*tasks, patience, return_exceptions=True)

    async def _prepare(
        self, generation: Generation, video: Video, folder: Path, late: Callable[[], None]
    ) -> Prepared | None:
        """Fetch one video; None for one that cannot be sent, which is written down."""
        try:
            fresh = partial(self.another_address, generation, video.position)
            prepared = await self.preparer.prepare(video.url, folder, video.position, late, fresh)
        except OSError as error:
            # A full disk, most likely: a link needs none of it, and the others may still fit.
            log.warning("video_not_stored", error=type(error).__name__)
            prepared = Prepared(video.position, video.url, Way.LINK, problem=VideoProblem.UNAVAILABLE)
        if prepared.url != video.url:
            await self.database.write(moved, generation, video.position, prepared.url)
        problem = prepared.problem
        if problem is None:
            return prepared
        log.info("video_not_sendable", problem=problem.value, size=prepared.size)
        outcome = _OUTCOMES.get(problem, VideoState.UNFETCHED)
        await self.database.write(become, generation, [video.position], outcome)
        return None

    async def _end(self, generation: Generation) -> Generation:
        videos = await self.database.read(videos_of, generation.id)
        if any(video.state in WERE_SENT | WERE_LINKED for video in videos):
            return await self.database.write(move, generation, State.DONE, self.clock.now())
        lost = Failure(FailureKind.LOST, "", Charged.YES)
        return await self.database.write(fail, generation, lost, self.clock.now())
