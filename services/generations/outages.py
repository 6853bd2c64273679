"""Through an outage of the database: what must be written is held until it can be."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

OUTAGE = (SQLAlchemyError, OSError)
"""What a database that is locked, full or gone raises; it is waited for."""

LONGEST_PAUSE_SECONDS = 10.0

P = ParamSpec("P")
T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]


async def through_outages(sleep: Sleep, call: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Make a call to the database, again and again with growing random pauses for as long as that fails.

    Args:
        sleep: Waits some seconds.
        call: What to do; it must do no harm when it is done twice, for a commit whose answer got lost was made.
        *args: Its positional arguments.
        **kwargs: Its named arguments.

    Returns:
        What it returns.
    """
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(OUTAGE), wait=wait_random_exponential(max=LONGEST_PAUSE_SECONDS), sleep=sleep
    ):
        with attempt:
            return await call(*args, **kwargs)
    raise AssertionError("the attempts end by returning or raising")
