"""One answer for many who ask the same at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs one query for all concurrent callers: those who came before it began share its answer."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._one_at_a_time = asyncio.Lock()
        self._asked = 0
        self._answer: tuple[int, T] | None = None

    async def answer(self) -> T:
        """The answer to a question that was asked after this call.

        Raises:
            Exception: As the question did; the next who waits asks anew.
        """
        before = self._asked
        async with self._one_at_a_time:
            if self._answer is not None and self._answer[0] > before:
                return self._answer[1]
            self._asked += 1
            number = self._asked
            found = await self._ask()
            self._answer = number, found
            return found
