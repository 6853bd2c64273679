"""Trying again what may pass: with growing, random pauses, and not before a server wants to be asked."""

from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

MAX_PAUSE = 60.0
"""Seconds between two attempts, at most, whatever the server asks for."""


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


def retrying(attempts: int, sleep: Callable[[float], Awaitable[None]]) -> AsyncRetrying:
    """Repeats a call for as long as it raises ``TryAgainError``; the last one comes out.

    Args:
        attempts: How often it is called at most.
        sleep: How to wait.

    Returns:
        To be called with a coroutine function and its arguments.
    """
    return AsyncRetrying(
        sleep=sleep,
        stop=stop_after_attempt(attempts),
        wait=_pause,
        retry=retry_if_exception_type(TryAgainError),
        reraise=True,
    )


def retry_after(value: str | None) -> float:
    """Reads a ``Retry-After`` header that gives seconds; 0 for anything else (source: RFC 9110, 10.2.3)."""
    return float(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else 0.0


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.after if isinstance(error, TryAgainError) else 0.0
    return min(MAX_PAUSE, asked + wait_random_exponential(multiplier=0.5, max=10)(state))
