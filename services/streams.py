"""Blocking work beside the event loop: calls in threads, and streams poured into files in bounded memory."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import BinaryIO, ParamSpec, TypeVar

from aiohttp import StreamReader

P = ParamSpec("P")
T = TypeVar("T")


class StreamTooLongError(Exception):
    """A stream brought more bytes than may be kept."""


async def in_thread(call: Callable[P, T], executor: Executor | None, *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs a blocking call in a thread, and leaves none behind when cancelled.

    A cancelled caller waits until the call has returned (or is skipped, if it had not begun): whatever the call
    works on, such as a file in a temporary directory, can be removed right afterwards.

    Args:
        call: The blocking function.
        executor: Where it runs; None is the event loop's own executor.
        *args: Its positional arguments.
        **kwargs: Its named arguments.

    Returns:
        What the call returns.
    """
    abandoned = False

    def run() -> T:
        if abandoned:
            raise RuntimeError("the caller has given up")
        return call(*args, **kwargs)

    future = asyncio.get_running_loop().run_in_executor(executor, run)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        abandoned = True
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()
        raise


async def pour(source: StreamReader, file: BinaryIO, limit: int, written: int = 0, chunk: int = 64 * 1024) -> int:
    """Writes a response's body to a file, chunk by chunk, each written in a thread before the next is read.

    Args:
        source: The body.
        file: Open for writing in binary.
        limit: The most bytes that the file may hold.
        written: Bytes that the file holds already.
        chunk: The most bytes held in memory at once.

    Returns:
        The bytes that the file holds afterwards.

    Raises:
        StreamTooLongError: The body goes on past the limit; what fitted is in the file.
    """
    async for data in source.iter_chunked(chunk):
        written += len(data)
        if written > limit:
            raise StreamTooLongError
        await in_thread(file.write, None, data)
    return written
