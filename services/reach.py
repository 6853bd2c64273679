"""Whether GenAIPro can be reached: known from the calls made anyway, else by asking for the credits, seldom."""

import asyncio
from collections.abc import Awaitable, Callable

from structlog import get_logger

from services.clock import Clock
from services.contact import Contact, NotReachedError
from services.genaipro.events import GenAIProError

IDLE_SECONDS = 180.0
"""Silence after which the service is asked, and no sooner: other calls tell as much."""

AGAIN_SECONDS = 15.0
"""Time between two questions while it does not answer."""

ANSWER_SECONDS = 4.0
"""An answer that takes longer counts as none."""

CREDITS_SECONDS = 300.0
"""How old the number of credits may grow while somebody watches it."""

LEAST_PER_MINUTE = 10
"""With a smaller limit on calls, none of them is spent on asking."""

log = get_logger(__name__)


class GenAIProReach:
    """Tells whether GenAIPro answers. It is asked only when somebody wants to know.

    Args:
        ask: A cheap call (the credits), which counts against the limit on calls as any other.
        contact: The outcomes of all calls, of that one too.
        per_minute: The limit on calls.
        clock: Its monotonic side is read.
    """

    def __init__(self, ask: Callable[[], Awaitable[object]], contact: Contact, per_minute: int, clock: Clock) -> None:
        self._ask = ask
        self._contact = contact
        self._may_ask = per_minute >= LEAST_PER_MINUTE
        self._turn = asyncio.Lock()
        self._refreshed = Contact(clock)

    async def check(self) -> None:
        """Prove that it was reached lately. What was never tried and may not be asked counts as reached.

        Raises:
            NotReachedError: It does not answer.
        """
        async with self._turn:
            if self._may_ask and self._is_due():
                await self._find_out()
        if self._contact.is_broken:
            raise NotReachedError("GenAIPro does not answer")

    async def refresh_credits(self) -> None:
        """Ask again when the number of credits is old; an answer tells it to the metrics by itself."""
        async with self._turn:
            age = self._refreshed.silence
            if self._may_ask and not self._contact.is_broken and (age is None or age > CREDITS_SECONDS):
                await self._find_out()

    def _is_due(self) -> bool:
        tried = [age for age in (self._contact.silence, self._contact.since_failure) if age is not None]
        if not tried:
            return True
        return min(tried) > (AGAIN_SECONDS if self._contact.is_broken else IDLE_SECONDS)

    async def _find_out(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._ask()
            self._refreshed.answered()
        except TimeoutError:
            self._contact.failed()
        except GenAIProError as error:
            log.info("genaipro_asked", status=error.status, kind=error.failure.kind.value)
