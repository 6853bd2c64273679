"""Accepted requests: their videos are rendered whatever becomes of the connection that asked for them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event as ThreadEvent

from pydantic import JsonValue

from sandbox.genaipro.gate import Gate
from sandbox.genaipro.options import GenAIProOptions
from sandbox.genaipro.records import UploadedPhoto
from sandbox.genaipro.render import Film, Planes, RenderCancelledError, pad_to, prepare, render
from sandbox.genaipro.script import FAILED, InHistory, Script
from sandbox.signals import Signal


@dataclass(slots=True)
class Job:
    """A request that was accepted.

    Attributes:
        prompt: As sent.
        photos: As uploaded.
        created_at: When it was accepted.
        video_ids: One for each video, as the stream names them.
        history_ids: One for each video, as the history names them.
        urls: One for each video, as the stream names them.
        history_urls: One for each video, as the history names them.
        film: Size, length and frame rate of the videos.
        script: What was asked of this request.
        prepared: The photos are decoded.
        rendered: The videos are finished.
        listed: The history knows it.
    """

    prompt: str
    photos: tuple[UploadedPhoto, ...]
    created_at: datetime
    video_ids: tuple[str, ...]
    history_ids: tuple[str, ...]
    urls: tuple[str, ...]
    history_urls: tuple[str, ...]
    film: Film
    script: Script
    prepared: asyncio.Event = field(default_factory=asyncio.Event)
    rendered: asyncio.Event = field(default_factory=asyncio.Event)
    listed: bool = False

    @property
    def created(self) -> str:
        """Time of creation as the API writes it."""
        return self.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def succeeded(self, position: int) -> bool:
        """Whether the video at this position (from 0) worked."""
        return position not in self.script.failed

    def good_urls(self) -> list[str]:
        """Addresses in the history of the videos that worked."""
        return [url for position, url in enumerate(self.history_urls) if self.succeeded(position)]

    def results(self) -> list[JsonValue]:
        """The array of the terminal event."""
        if self.script.empty:
            return []
        return [self._result(position) for position in range(len(self.video_ids))]

    def _result(self, position: int) -> dict[str, JsonValue]:
        worked = self.succeeded(position)
        result: dict[str, JsonValue] = {"id": self.video_ids[position], "prompt": self.prompt}
        if self.script.as_list:
            result["file_urls"] = [self.urls[position]] if worked else []
        else:
            result["file_url"] = self.urls[position] if worked else None
        result["status"] = self.script.word if worked else FAILED
        result["created_at"] = self.created
        if not worked:
            result["error"] = self.script.failed_error
        return result


class Studio:
    """Renders the videos of jobs in threads, a bounded number at once.

    Args:
        options: Workers, padding, sleep.
        directory: For the finished videos; it exists.
        signal: Notified whenever a job gets on.
    """

    def __init__(self, options: GenAIProOptions, directory: Path, signal: Signal) -> None:
        self._signal = signal
        self._options = options
        self._directory = directory
        self._closing = ThreadEvent()
        self._threads = ThreadPoolExecutor(options.workers, thread_name_prefix="render")
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, job: Job, history_gate: Gate | None) -> None:
        """Begin with a job; it goes on by itself."""
        task = asyncio.create_task(self._run(job, history_gate))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop rendering and wait for all jobs to end."""
        self._closing.set()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        faults = [fault for fault in outcomes if isinstance(fault, Exception)]
        if faults:
            raise ExceptionGroup("rendering failed", faults)

    def file(self, video_id: str) -> Path:
        """Where the video of this id lies, or will lie."""
        return self._directory / f"{video_id}.mp4"

    async def _run(self, job: Job, history_gate: Gate | None) -> None:
        loop = asyncio.get_running_loop()
        photos = await asyncio.gather(
            *(loop.run_in_executor(self._threads, prepare, photo.path, job.film) for photo in job.photos)
        )
        job.prepared.set()
        self._signal.notify()
        wanted = [position for position in range(len(job.video_ids)) if job.succeeded(position)]
        await asyncio.gather(
            *(loop.run_in_executor(self._threads, self._render, job, photos, position) for position in wanted)
        )
        job.rendered.set()
        self._signal.notify()
        if job.script.history is InHistory.NEVER:
            return
        if history_gate is not None:
            await history_gate.enter()
        if job.script.history_delay > 0:
            await self._options.sleep(job.script.history_delay)
        job.listed = True
        self._signal.notify()

    def _render(self, job: Job, photos: list[Planes], position: int) -> None:
        target = self.file(job.video_ids[position])
        unfinished = target.with_suffix(".part")
        try:
            render(
                photos,
                job.prompt,
                job.film,
                unfinished,
                variation=position,
                cancelled=self._closing.is_set,
            )
        except RenderCancelledError:
            return
        size = job.script.pad_to or self._options.pad_to
        if size is not None:
            pad_to(unfinished, size)
        unfinished.replace(target)
