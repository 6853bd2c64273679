"""Being asked to stop, at every moment: before anything was imported, while something is waited for, at work."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class StopRequestedError(Exception):
    """The process was asked to end."""


def stop_at_once() -> None:
    """Until the process listens to signals itself, let them end it: it has begun nothing that would have to go on."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))


async def unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """Do some work of the start, or leave it.

    Args:
        stop: Set when the process is asked to end.
        work: May take long, and may be cancelled.

    Raises:
        StopRequestedError: The process was asked to end before the work was done.
    """
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise StopRequestedError
        return working.result()
    finally:
        stopping.cancel()
        if not working.done():
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
