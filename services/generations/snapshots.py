"""What the history held before a request is sent, so that a lost result is never mistaken for an older one."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Protocol

from structlog import get_logger

from services.clock import Clock
from services.genaipro.events import GenAIProError, ResultPage
from services.generations.matching import HistoryBefore, normal_form

FRESH_SECONDS = 20.0
"""For so long one look serves all requests whose prompts nobody else has used since."""

LOOK_SECONDS = 2.0
"""What a look may take: the request waits for it."""

BACK_OFF_SECONDS = 60.0
"""How long a history that did not answer is left alone."""

log = get_logger(__name__)


class RecentHistory(Protocol):
    """The newest objects of the API's history."""

    async def recent_history(self) -> ResultPage | None:
        """The first page, or None where the limit on calls has none to spare.

        Raises:
            GenAIProError: No usable answer.
        """
        ...


@dataclass(slots=True)
class HistorySnapshots:
    """Looks at the history before requests are sent: seldom, only with calls to spare, and never for long."""

    history: RecentHistory
    clock: Clock
    """Its monotonic side is read."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _last: HistoryBefore | None = field(default=None, init=False)
    _taken_at: float = field(default=float("-inf"), init=False)
    _failed_at: float = field(default=float("-inf"), init=False)
    _sent_since: set[str] = field(default_factory=set, init=False)

    async def before(self, prompt: str) -> HistoryBefore | None:
        """What the history holds now, as far as that is known; None where it never answered.

        Args:
            prompt: Of the request that is about to be sent.
        """
        async with self._turn:
            if not self._is_fresh(prompt):
                await self._look()
            complete = self._is_fresh(prompt)
            if complete:
                self._sent_since.add(normal_form(prompt))
            return None if self._last is None else replace(self._last, complete=complete)

    def _is_fresh(self, prompt: str) -> bool:
        age = self.clock.monotonic() - self._taken_at
        return age <= FRESH_SECONDS and normal_form(prompt) not in self._sent_since

    async def _look(self) -> None:
        if self.clock.monotonic() - self._failed_at < BACK_OFF_SECONDS:
            return
        began = self.clock.monotonic()
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                page = await self.history.recent_history()
        except (GenAIProError, TimeoutError) as error:
            log.info("history_not_seen_before", error=type(error).__name__)
            self._failed_at = self.clock.monotonic()
            return
        if page is not None:
            self._last, self._taken_at = HistoryBefore.of(page), began
            self._sent_since.clear()
