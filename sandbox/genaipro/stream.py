"""The event stream of one accepted request: which frames come, and how it ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from sandbox.genaipro.gate import Gate
from sandbox.genaipro.jobs import Job
from sandbox.genaipro.options import GenAIProOptions
from sandbox.genaipro.script import RESULTS, End, Frame, Script, comment, error, status


class DroppedError(Exception):
    """The stream is to be cut here."""


class Stream:
    """Sends the events of one request as its work goes on.

    Args:
        options: Pings, sleep.
        script: What was asked of this request.
        job: The work, or None where nothing is made.
        note: Learns the name of each event sent.
        gate: Holds events back, or None.
    """

    def __init__(
        self, options: GenAIProOptions, script: Script, job: Job | None, note: Callable[[str], None], gate: Gate | None
    ) -> None:
        self._options = options
        self._script = script
        self._job = job
        self._tell = note
        self._gate = gate
        self._sent = 0

    async def send(self, response: web.StreamResponse) -> None:
        """Send everything, the end included.

        Raises:
            DroppedError: The connection is to be closed with the body unfinished.
        """
        async for frame in self._course():
            if frame.delay > 0:
                await self._options.sleep(frame.delay)
            if _is_event(frame):
                if self._sent == self._script.after and await self._end(response, frame):
                    return
                if self._gate is not None:
                    await self._gate.enter()
            await response.write(self._encode(frame))
            self._note(frame)
        if self._script.after is None or self._sent == self._script.after:
            await self._end(response, RESULTS)

    async def _course(self) -> AsyncIterator[Frame]:
        if self._script.frames is not None:
            for frame in self._script.frames:
                if frame.results:
                    await self._rendered()
                yield frame
            return
        yield status("starting")
        await self._step()
        yield status("uploading_images")
        await self._step()
        if self._job is not None:
            await self._job.prepared.wait()
        yield status("processing")
        for frame in self._script.extra:
            yield frame
        async for ping in self._pings():
            yield ping
        if self._script.error is not None:
            yield error(self._script.error)
        elif self._script.end is End.NORMAL or self._script.after is not None:
            await self._rendered()
            yield RESULTS

    async def _pings(self) -> AsyncIterator[Frame]:
        interval = self._options.ping_interval
        if self._job is None or interval is None:
            return
        while not await _first(self._job.rendered.wait(), self._options.sleep(interval)):
            yield comment()

    async def _step(self) -> None:
        if self._options.pace > 0:
            await self._options.sleep(self._options.pace)

    async def _rendered(self) -> None:
        if self._job is not None:
            await self._job.rendered.wait()

    async def _end(self, response: web.StreamResponse, coming: Frame) -> bool:
        """Bring the end about that the script asks for; False where the usual course goes on."""
        match self._script.end:
            case End.EOF:
                return True
            case End.DROP:
                raise DroppedError
            case End.MID_EVENT:
                if coming.results:
                    await self._rendered()
                encoded = self._encode(coming)
                await response.write(encoded[: len(encoded) // 2])
                raise DroppedError
            case End.SILENCE:
                await asyncio.Event().wait()
            case End.PINGS:
                while True:
                    await response.write(self._encode(comment()))
                    await self._options.sleep(self._options.ping_interval or 1.0)
            case _:
                pass
        return False

    def _encode(self, frame: Frame) -> bytes:
        if frame.raw is not None:
            return frame.raw.encode()
        data = self._job.results() if frame.results and self._job is not None else frame.data
        lines = [] if frame.event is None else [f"event: {frame.event}"]
        lines.append(f"data: {json.dumps(data, ensure_ascii=False)}")
        return ("\n".join(lines) + "\n\n").encode()

    def _note(self, frame: Frame) -> None:
        if _is_event(frame):
            self._sent += 1
            word = frame.data if isinstance(frame.data, str) and len(frame.data) < 100 else ""
            name = frame.event or ("raw" if frame.raw is not None else "message")
            self._tell(f"{name}:{word}" if word else name)


def _is_event(frame: Frame) -> bool:
    return frame.raw is None or not frame.raw.startswith(":")


async def _first(wanted: Awaitable[object], other: Awaitable[object]) -> bool:
    """Whether the first of two awaitables ends first."""
    tasks = [asyncio.ensure_future(wanted), asyncio.ensure_future(other)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0].done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
