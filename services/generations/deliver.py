"""Delivery: the videos are fetched, sent or linked, and the generation ends with what came of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from structlog import get_logger

from services.delivery.plan import Prepared, VideoPreparer, VideoProblem, Way
from services.failures import Charged, Failure, FailureKind
from services.generations.model import (
    FILE_LATE,
    WERE_LINKED,
    WERE_SENT,
    Generation,
    State,
    Video,
    VideoState,
)
from services.generations.progress import Reporter
from services.generations.repository import GenerationRows
from services.generations.results import Results
from services.generations.sending import MAX_SENDS, Item, Sending, SendTools
from services.screens import Place
from services.temp_dirs import TempDirs

log = get_logger(__name__)

TOGETHER_SECONDS = 60.0
"""How long videos that are there wait for the rest of their album; a file that is not there yet is not waited for."""


@dataclass(slots=True)
class Deliverer:
    """Sends the videos of a generation.

    Attributes:
        rows: The rows of generations.
        results: The videos' rows.
        preparer: Fetches videos, and chooses their way.
        temp_dirs: Where temporary files go.
        reporter: The status message.
        tools: What sending needs of the world.
        another_address: Looks for another address of the video at a position whose own is dead.
    """

    rows: GenerationRows
    results: Results
    preparer: VideoPreparer
    temp_dirs: TempDirs
    reporter: Reporter
    tools: SendTools
    another_address: Callable[[Generation, int, str], Awaitable[str | None]]

    async def run(self, generation: Generation) -> Generation:
        """Send what was not sent yet.

        Returns:
            The generation, then done, or failed when not one video could be given.

        Raises:
            RunOvertakenError: The row is another run's.
        """
        self.reporter.progress(generation)
        left = await self._left(generation)
        worn = [video.position for video in left if video.send_attempts >= MAX_SENDS]
        if worn:
            await self.results.linked(generation, worn)
        fresh = [video for video in left if video.position not in worn]
        if fresh:
            sending_pass = Sending(generation, self.results, self.tools)
            place = Place(generation.chat_id, generation.thread_id)
            async with (
                self.tools.sender.uploading(place, self.tools.clock.sleep),
                self.temp_dirs.folder(generation.id, "videos") as folder,
                self._preparing(generation, fresh, folder) as groups,
            ):
                async for items in groups:
                    self.reporter.progress(generation)
                    await sending_pass.send(items)
            if sending_pass.ended is not None:
                return sending_pass.ended
        return await self._end(generation)

    async def give_up(self, generation: Generation) -> Generation:
        """End without sending any more: what was not sent becomes links.

        Raises:
            RunOvertakenError: The row is another run's.
        """
        await self.results.linked(generation, [video.position for video in await self._left(generation)])
        return await self._end(generation)

    async def _left(self, generation: Generation) -> list[Video]:
        videos = await self.results.videos(generation.id)
        return [video for video in videos if video.state in {VideoState.READY, VideoState.SENDING}]

    @asynccontextmanager
    async def _preparing(
        self, generation: Generation, videos: Sequence[Video], folder: Path
    ) -> AsyncIterator[AsyncIterator[list[Item]]]:
        """Fetch all videos at the same time; they come in groups, see :meth:`_groups`."""
        late: set[int] = set()
        changed = asyncio.Event()

        def is_late(position: int) -> None:
            if position not in late:
                log.info("file_not_there_yet", position=position)
                late.add(position)
                changed.set()
                self.reporter.progress(replace(generation, note=FILE_LATE))

        async def rest_is_late() -> None:
            await self.tools.clock.sleep(TOGETHER_SECONDS)
            late.update(video.position for video in videos)
            changed.set()

        tasks = {
            video.position: asyncio.ensure_future(
                self._prepare(generation, video, folder, partial(is_late, video.position))
            )
            for video in videos
        }
        patience = asyncio.ensure_future(rest_is_late())
        for task in tasks.values():
            task.add_done_callback(lambda _task: changed.set())
        try:
            yield self._groups(tasks, late, changed)
        finally:
            for task in (*tasks.values(), patience):
                task.cancel()
            await asyncio.gather(*tasks.values(), patience, return_exceptions=True)

    @staticmethod
    async def _groups(
        tasks: Mapping[int, "asyncio.Future[Item | None]"], late: set[int], changed: asyncio.Event
    ) -> AsyncIterator[list[Item]]:
        """Groups of what is ready: all at once, but for those whose file is late, which hold nobody up."""
        left = dict(tasks)
        while left:
            ready = [position for position, task in left.items() if task.done()]
            if not ready or any(position not in late and position not in ready for position in left):
                await changed.wait()
                changed.clear()
                continue
            items = [left.pop(position).result() for position in sorted(ready)]
            yield [item for item in items if item is not None]

    async def _prepare(
        self, generation: Generation, video: Video, folder: Path, late: Callable[[], None]
    ) -> Item | None:
        """Fetch one video; None for one that cannot be sent, which is written down."""
        try:
            fresh = partial(self.another_address, generation, video.position)
            prepared = await self.preparer.prepare(video.url, folder, video.position, late, fresh)
        except OSError as error:
            # A full disk, most likely: a link needs none of it, and the others may still fit.
            log.warning("video_not_stored", error=type(error).__name__)
            prepared = Prepared(video.position, video.url, Way.LINK, problem=VideoProblem.UNAVAILABLE)
        if prepared.url != video.url:
            await self.results.moved(generation, video.position, prepared.url)
        problem = prepared.problem
        if problem is not None:
            log.info("video_not_sendable", problem=problem.value, size=prepared.size)
        if problem is VideoProblem.REFUSED_ADDRESS or not prepared.linkable:
            await self.results.failed(generation, [video.position])
        elif problem is not None and problem.is_of_the_service:
            await self.results.linked(generation, [video.position], VideoState.UNFETCHED)
        elif prepared.way is Way.LINK:
            await self.results.linked(generation, [video.position])
        else:
            return Item(prepared, prepared.way, video.send_attempts)
        return None

    async def _end(self, generation: Generation) -> Generation:
        videos = await self.results.videos(generation.id)
        if any(video.state in WERE_SENT | WERE_LINKED for video in videos):
            return await self.rows.move(generation, State.DONE)
        return await self.rows.fail(generation, Failure(FailureKind.LOST, "", Charged.YES))
