"""Through an outage of the database: what must be written is held until it can be."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DataError, IntegrityError, NotSupportedError, ProgrammingError, SQLAlchemyError
from tenacity import AsyncRetrying, retry_if_exception, wait_random_exponential

OUTAGE = (SQLAlchemyError, OSError)
"""What a database raises, and so does one that is locked, full or gone; :func:`is_outage` tells."""

_FAULTS = (IntegrityError, DataError, NotSupportedError, ProgrammingError)

LONGEST_PAUSE_SECONDS = 10.0

P = ParamSpec("P")
T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]


def is_outage(error: BaseException) -> bool:
    """Whether an error may pass by itself; a statement that the database understands and refuses will not."""
    return isinstance(error, OUTAGE) and not isinstance(error, _FAULTS)


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
    try:
        # Nearly always that is all; what repeats calls costs as much as one does, and leaves cycles to the collector.
        return await call(*args, **kwargs)
    except OUTAGE as error:
        if not is_outage(error):
            raise
    async for attempt in AsyncRetrying(
        retry=retry_if_exception(is_outage),
        wait=wait_random_exponential(max=LONGEST_PAUSE_SECONDS),
        sleep=sleep,
        reraise=True,
    ):
        with attempt:
            return await call(*args, **kwargs)
    raise AssertionError("the attempts end by returning or raising")
