"""A wire to a server, on which requests can get lost before the server hears of them, and which can be cut."""

import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import Self

from yarl import URL


class Wire:
    """Forwards connections, byte for byte.

    Args:
        url: The server's.
    """

    def __init__(self, url: str) -> None:
        self._target = URL(url)
        self._server: asyncio.Server | None = None
        self._lost: dict[bytes, asyncio.Event] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._down = False

    def through(self, url: str) -> str:
        """The same address by way of this wire."""
        assert self._server is not None
        return str(URL(url).with_port(self._server.sockets[0].getsockname()[1]))

    def lose(self, start: bytes) -> asyncio.Event:
        """Swallow requests that begin so: the caller waits for an answer in vain; set with the first such request."""
        return self._lost.setdefault(start, asyncio.Event())

    def cut(self) -> None:
        """Close every connection, and every new one at once."""
        self._down = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """Let everything through again."""
        self._down = False
        self._lost.clear()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        try:
            if not self._down:
                await self._forward(reader, writer)
        except (OSError, asyncio.CancelledError):
            # Either side may be gone at any time: that is what the wire is for. At the end, both are.
            return
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_connection(self._target.host, self._target.port)
        try:
            await _first(self._pump(reader, there), _copy(there_reader, writer))
        finally:
            there.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_lost = False
        while chunk := await reader.read(65536):
            for start, happened in self._lost.items():
                if chunk.startswith(start):
                    is_lost = True
                    happened.set()
            if not is_lost:
                writer.write(chunk)
                await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()


async def _first(*works: Awaitable[object]) -> None:
    """Wait for the first of several to end, and end the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
