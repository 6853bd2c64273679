"""Delivery: the videos are fetched, sent or linked, and the generation ends with what came of it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from structlog import get_logger

from services.delivery.plan import Way
from services.delivery.prepare import Prepared, VideoPreparer, VideoProblem
from services.failures import Charged, Failure, FailureKind
from services.generations.model import Generation, State, Video, VideoState
from services.generations.reporting import Reporter
from services.generations.repository import GenerationRows
from services.generations.results import Results
from services.generations.sending import MAX_SENDS, Item, Means, Sending
from services.workspace import Workspace

log = get_logger(__name__)

PREPARED_AT_ONCE = 4
"""Videos that the process fetches at once."""


class Deliverer:
    """Sends the videos of a generation.

    Args:
        rows: The rows of generations.
        results: The videos' rows.
        preparer: Fetches and probes.
        workspace: Where temporary files go.
        reporter: The status message.
        means: What sending needs of the world.
    """

    def __init__(
        self,
        rows: GenerationRows,
        results: Results,
        preparer: VideoPreparer,
        workspace: Workspace,
        reporter: Reporter,
        means: Means,
    ) -> None:
        self._rows = rows
        self._results = results
        self._preparer = preparer
        self._workspace = workspace
        self._reporter = reporter
        self._means = means
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
                await Sending(generation, self._results, self._means).send(items)
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

    async def _prepare(self, generation: Generation, videos: Sequence[Video], folder: Path) -> list[Item]:
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
        items: list[Item] = []
        for video, task in zip(videos, tasks, strict=True):
            prepared = task.result()
            if prepared.problem is not None:
                log.info("video_not_sendable", problem=prepared.problem.value, size=prepared.size)
            if prepared.problem is VideoProblem.REFUSED_ADDRESS or not prepared.linkable:
                await self._results.failed(generation, [video.position])
            elif prepared.way is Way.LINK:
                await self._results.linked(generation, [video.position])
            else:
                items.append(Item(prepared, prepared.way, video.send_attempts))
        return items

    async def _end(self, generation: Generation) -> Generation:
        videos = await self._results.videos(generation.id)
        if any(video.state in {VideoState.SENT, VideoState.LINKED} for video in videos):
            return await self._rows.move(generation, State.DONE)
        return await self._rows.fail(generation, Failure(FailureKind.LOST, "", Charged.YES))
