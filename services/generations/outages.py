"""Through an outage of the database: what must be written is held until it can be."""

from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

OUTAGE = (SQLAlchemyError, OSError)
"""What a database that is locked, full or gone raises; it is waited for."""

LONGEST_PAUSE_SECONDS = 10.0

Sleep = Callable[[float], Awaitable[None]]


def through_outages(sleep: Sleep) -> AsyncRetrying:
    """Attempts without end, with growing random pauses, for as long as the database fails.

    Args:
        sleep: Waits some seconds.

    Returns:
        To be iterated (``async for attempt in …: with attempt: …``), or called with a coroutine function.
    """
    return AsyncRetrying(
        retry=retry_if_exception_type(OUTAGE), wait=wait_random_exponential(max=LONGEST_PAUSE_SECONDS), sleep=sleep
    )
