"""Trying again what may pass, with growing, random pauses: calls of a service, of Telegram and to the database."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DataError, IntegrityError, NotSupportedError, ProgrammingError, SQLAlchemyError
from telegram.error import InvalidToken, RetryAfter, TelegramError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from services.clock import Sleep
from services.telegram_errors import wait_of

MAX_PAUSE = 60.0
"""Seconds between two attempts at a service, at most, whatever it asks for."""

OUTAGE = (SQLAlchemyError, OSError)
"""What a database raises, and so does one that is locked, full or gone; :func:`is_outage` tells."""

_FAULTS = (IntegrityError, DataError, NotSupportedError, ProgrammingError)

P = ParamSpec("P")
T = TypeVar("T")


class TryAgainError(Exception):
    """A failure that may pass.

    Args:
        status: The HTTP status, or None where no answer came.
        after: Seconds to wait at least.
    """

    def __init__(self, status: int | None = None, after: float = 0.0) -> None:
        super().__init__(f"may pass (status {status})")
        self.status = status
        self.after = after


def retrying(attempts: int, sleep: Sleep) -> AsyncRetrying:
    """Calls a coroutine function up to so many times, while it raises ``TryAgainError``; the last one comes out."""
    return AsyncRetrying(
        sleep=sleep,
        stop=stop_after_attempt(attempts),
        wait=_as_service_asks,
        retry=retry_if_exception_type(TryAgainError),
        reraise=True,
    )


def retry_after(value: str | None) -> float:
    """Reads a ``Retry-After`` header that gives seconds; 0 for anything else (source: RFC 9110, 10.2.3)."""
    return float(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else 0.0


def _as_service_asks(state: RetryCallState) -> float:
    error = _error_of(state)
    asked = error.after if isinstance(error, TryAgainError) else 0.0
    return min(MAX_PAUSE, asked + wait_random_exponential(multiplier=0.5, max=10)(state))


def persistently(sleep: Sleep, say: Callable[[BaseException | None, int], None]) -> AsyncRetrying:
    """Calls a coroutine function of the Bot API until it succeeds; only a refused token is final.

    Args:
        say: Is told each failure and the number of the attempt.
    """
    return AsyncRetrying(
        retry=retry_if_exception(_may_pass),
        wait=_as_telegram_asks,
        before_sleep=lambda state: say(_error_of(state), state.attempt_number),
        sleep=sleep,
        reraise=True,
    )


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, TelegramError) and not isinstance(error, InvalidToken)


def _as_telegram_asks(state: RetryCallState) -> float:
    error = _error_of(state)
    return wait_of(error) if isinstance(error, RetryAfter) else wait_random_exponential(multiplier=0.5, max=30)(state)


def is_outage(error: BaseException) -> bool:
    """Whether an error may pass by itself; a statement that the database understands and refuses will not."""
    return isinstance(error, OUTAGE) and not isinstance(error, _FAULTS)


async def through_outages(sleep: Sleep, call: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Make a call to the database, again and again for as long as an outage makes it fail.

    Args:
        call: What to do; it must do no harm when it is done twice, for a commit whose answer got lost was made.
    """
    try:
        # Nearly always that is all; what repeats calls costs as much as one does, and leaves cycles to the collector.
        return await call(*args, **kwargs)
    except OUTAGE as error:
        if not is_outage(error):
            raise
    again = AsyncRetrying(
        retry=retry_if_exception(is_outage), wait=wait_random_exponential(max=10), sleep=sleep, reraise=True
    )
    result: T = await again(call, *args, **kwargs)
    return result


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
