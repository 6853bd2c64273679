"""Delivery with its bookkeeping: each video is sent once, or linked; what is known to be sent is never sent again.

Before a send its videos are committed as being sent, after it as sent. A run that finds one being sent cannot know
whether Telegram took it: it is sent once more at most, and given as a link after that.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from structlog import get_logger
from telegram.error import ChatMigrated, RetryAfter

from services.delivery.errors import SendForbiddenError, SendNotSentError, SendRefusedError, SendUnknownError
from services.delivery.plan import Limits, Way, after, batches
from services.delivery.prepare import Prepared, VideoPreparer, VideoProblem
from services.delivery.send import Outgoing, VideoSender
from services.failures import Charged, Failure, FailureKind
from services.generations.model import Generation, State, Video, VideoState
from services.generations.outages import through_outages
from services.generations.reporting import Reporter
from services.generations.repository import GenerationRows
from services.generations.results import Results
from services.outbox.priority import Priority, sending
from services.screens import Place
from services.workspace import Workspace

log = get_logger(__name__)

MAX_SENDS = 2
"""Sends of one video that may have been delivered."""

BROKEN_UPLOADS = 3
"""Uploads of one group that break off in the middle before its size is taken for the reason."""

PREPARED_AT_ONCE = 4
"""Videos that the process fetches at once."""

LAST_SEND_SECONDS = 3.0
"""How long a send that has begun may still take when the process ends: cut off, it would be made once more."""


@dataclass(frozen=True, slots=True)
class _Item:
    prepared: Prepared
    way: Way
    sends: int

    @property
    def position(self) -> int:
        return self.prepared.index

    def outgoing(self) -> Outgoing:
        source: str | Path = self.prepared.url
        if self.way is Way.UPLOAD:
            assert self.prepared.path is not None
            source = self.prepared.path
        return Outgoing(source, self.prepared.facts)


@dataclass(frozen=True, slots=True)
class _Ways:
    move_chat: Callable[[int, int], Awaitable[object]]
    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]


class Deliverer:
    """Sends the videos of a generation.

    Args:
        rows: The rows of generations.
        results: The videos' rows.
        preparer: Fetches and probes.
        sender: Sends.
        limits: What Telegram takes.
        workspace: Where temporary files go.
        reporter: The status message.
        move_chat: Called with old and new id when a group became a supergroup.
        sleep: Waits some seconds.
        random: A number from 0 to 1, by which pauses differ.
    """

    def __init__(
        self,
        rows: GenerationRows,
        results: Results,
        preparer: VideoPreparer,
        sender: VideoSender,
        limits: Limits,
        workspace: Workspace,
        reporter: Reporter,
        move_chat: Callable[[int, int], Awaitable[object]],
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
    ) -> None:
        self._rows = rows
        self._results = results
        self._preparer = preparer
        self._sender = sender
        self._limits = limits
        self._workspace = workspace
        self._reporter = reporter
        self._ways = _Ways(move_chat, sleep, random)
        self._room = asyncio.Semaphore(PREPARED_AT_ONCE)

    async def run(self, generation: Generation) -> Generation:
        """Send what was not sent yet.

        Returns:
            The generation, then done, or failed when not one video could be given.

        Raises:
            RunOvertakenError: The row is another run's.
        """
        self._reporter.progress(generation)
        videos = await self._results.videos(generation.id)
        left = [video for video in videos if video.state in {VideoState.READY, VideoState.SENDING}]
        worn = [video.position for video in left if video.send_attempts >= MAX_SENDS]
        if worn:
            await self._results.linked(generation, worn)
        fresh = [video for video in left if video.position not in worn]
        if fresh:
            async with self._workspace.folder(generation.id, "videos") as folder:
                items = await self._prepare(generation, fresh, folder)
                await _Sending(generation, self._results, self._sender, self._limits, self._ways).send(items)
        return await self._end(generation)

    async def give_up(self, generation: Generation) -> Generation:
        """End without sending any more: what was not sent becomes links.

        Raises:
            RunOvertakenError: The row is another run's.
        """
        videos = await self._results.videos(generation.id)
        left = [video.position for video in videos if video.state in {VideoState.READY, VideoState.SENDING}]
        await self._results.linked(generation, left)
        return await self._end(generation)

    async def _prepare(self, generation: Generation, videos: Sequence[Video], folder: Path) -> list[_Item]:
        async def one(video: Video) -> Prepared:
            async with self._room:
                try:
                    return await self._preparer.prepare(video.url, folder, video.position)
                except OSError as error:
                    # A full disk, most likely: a link needs none of it, and the others may still fit.
                    log.warning("video_not_stored", error=type(error).__name__)
                    return Prepared(video.position, video.url, Way.LINK, problem=VideoProblem.UNAVAILABLE)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(video)) for video in videos]
        items: list[_Item] = []
        for video, task in zip(videos, tasks, strict=True):
            prepared = task.result()
            if prepared.problem is not None:
                log.info("video_not_sendable", problem=prepared.problem.value, size=prepared.size)
            if prepared.problem is VideoProblem.REFUSED_ADDRESS or not prepared.linkable:
                await self._results.failed(generation, [video.position])
            elif prepared.way is Way.LINK:
                await self._results.linked(generation, [video.position])
            else:
                items.append(_Item(prepared, prepared.way, video.send_attempts))
        return items

    async def _end(self, generation: Generation) -> Generation:
        videos = await self._results.videos(generation.id)
        if any(video.state in {VideoState.SENT, VideoState.LINKED} for video in videos):
            return await self._rows.move(generation, State.DONE)
        return await self._rows.fail(generation, Failure(FailureKind.LOST, "", Charged.YES))


class _Sending:
    """One pass over a generation's videos: groups wait in line, and come back changed when Telegram refuses them."""

    def __init__(
        self, generation: Generation, results: Results, sender: VideoSender, limits: Limits, ways: _Ways
    ) -> None:
        self._generation = generation
        self._results = results
        self._sender = sender
        self._limits = limits
        self._ways = ways
        self._place = Place(generation.chat_id, generation.thread_id, generation.request_message_id or None)
        self._line: deque[list[_Item]] = deque()
        self._pauses = 0
        self._broken = 0

    async def send(self, items: Sequence[_Item]) -> None:
        """Send all of them, one way or another."""
        self._enqueue(items)
        while self._line:
            await self._attempt(self._line.popleft())

    def _enqueue(self, items: Sequence[_Item]) -> None:
        sizes = [0 if item.way is Way.URL else item.prepared.size or 0 for item in items]
        self._line.extend([items[index] for index in batch] for batch in batches(sizes, self._limits))

    async def _attempt(self, group: list[_Item]) -> None:
        positions = [item.position for item in group]
        await self._results.begin_sending(self._generation, positions)
        try:
            await self._to_its_end(self._send(group))
        except SendUnknownError:
            await self._unknown(group)
        except (SendRefusedError, SendForbiddenError, SendNotSentError, RetryAfter, ChatMigrated) as error:
            await self._results.not_sent(self._generation, positions)
            await self._after_refusal(group, error)

    async def _send(self, group: list[_Item]) -> None:
        """Send, and commit that it was done."""
        with sending(Priority.RESULT):
            sent = await self._sender.send(self._place, [item.outgoing() for item in group], self._generation.prompt)
        log.info("videos_sent", videos=len(sent), ways=[item.way.value for item in group])
        taken = [(item.position, video.message_id, video.file_id) for item, video in zip(group, sent, strict=True)]
        await through_outages(self._ways.sleep, self._results.sent, self._generation, taken)

    @staticmethod
    async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
        """Do something that is not to be cut in two: when the process ends, it is given a moment."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task}, timeout=LAST_SEND_SECONDS)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise

    async def _unknown(self, group: list[_Item]) -> None:
        """The answer got lost: once more, and a link after that."""
        log.warning("send_unknown", videos=len(group))
        again = [replace(item, sends=item.sends + 1) for item in group if item.sends + 1 < MAX_SENDS]
        worn = [item.position for item in group if item.sends + 1 >= MAX_SENDS]
        if worn:
            await self._results.linked(self._generation, worn)
        if again:
            await self._pause()
            self._line.appendleft(again)

    async def _after_refusal(self, group: list[_Item], error: Exception) -> None:
        log.info("send_refused", error=type(error).__name__, videos=len(group))
        self._broken += isinstance(error, SendNotSentError) and error.broke_off
        if isinstance(error, ChatMigrated):
            await self._ways.move_chat(self._place.chat_id, error.new_chat_id)
            self._place = Place(error.new_chat_id)
            self._line.appendleft(group)
        elif isinstance(error, SendForbiddenError):
            await self._elsewhere(group)
        elif isinstance(error, SendRefusedError) or self._broken >= BROKEN_UPLOADS:
            await self._another_way(group)
        else:
            await self._pause()
            self._line.appendleft(group)

    async def _elsewhere(self, group: list[_Item]) -> None:
        """A group that is closed to the bot: the requester gets the videos in private, where Telegram allows it."""
        if self._place.chat_id != self._generation.user_id:
            self._place = Place(self._generation.user_id)
            self._line.appendleft(group)
            return
        rest = [item.position for batch in (group, *self._line) for item in batch]
        self._line.clear()
        await self._results.linked(self._generation, rest)

    async def _another_way(self, group: list[_Item]) -> None:
        """By upload what was refused by address; each alone what was refused as an album; a link at last."""
        self._broken = 0
        if any(item.way is Way.URL for item in group):
            nexts = [(item, after(item.way, item.prepared.size, self._limits)) for item in group]
            uploads = [
                replace(item, way=Way.UPLOAD) for item, way in nexts if way is Way.UPLOAD or item.way is Way.UPLOAD
            ]
            links = [item.position for item, way in nexts if way is not Way.UPLOAD and item.way is not Way.UPLOAD]
            self._enqueue(uploads)
        elif len(group) > 1:
            self._line.extendleft([item] for item in reversed(group))
            links = []
        else:
            links = [group[0].position]
        if links:
            await self._results.linked(self._generation, links)

    async def _pause(self) -> None:
        """Longer and longer, with chance in it, as long as Telegram cannot be reached."""
        self._pauses += 1
        longest = min(60.0, 2.0**self._pauses)
        await self._ways.sleep(longest * (0.5 + self._ways.random() / 2))
