"""The timers behind the cards: many messages in a moment become one refresh, and the last one is always shown."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from services.clock import Clock
from services.retries import OUTAGE
from services.tasks import Tasks

QUIET_SECONDS = 0.4
"""A draft is refreshed, or starts by itself, so long after its last message."""

LONGEST_SECONDS = 1.5
"""A draft is refreshed so long after the first message since the last refresh, however many follow."""

CLOSING_SECONDS = 3.0
"""How long :meth:`CardTimers.close` takes at most."""

OUTAGE_SECONDS = 3.0
"""Until a draft is looked at again whose database did not answer."""

SWEEP_SECONDS = 30.0
"""Between two looks for what a process that died left in the middle."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Timer:
    """One draft's timer, kept while something is due or under way."""

    latest: float = 0.0
    """When it is due whatever else comes."""
    waiting: asyncio.Task[None] | None = None
    """Waits until it is due and until the refresh before has ended; None while nothing is due."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by a refresh."""


@dataclass(slots=True)
class CardTimers:
    """Refreshes drafts a moment after they change, each once at a time."""

    refresh: Callable[[str], Awaitable[float | None]]
    """Brings one draft up to date; seconds after which to call again, or None."""
    unfinished: Callable[[], Awaitable[Sequence[str]]]
    """The drafts that are not up to date."""
    clock: Clock
    _timers: dict[str, _Timer] = field(default_factory=dict)
    _tasks: Tasks = field(default_factory=Tasks)
    _is_closed: bool = False

    def soon(self, draft_id: str) -> None:
        """Refresh a draft once no message has come for a moment."""
        now = self.clock.monotonic()
        timer = self._timers.get(draft_id)
        latest = timer.latest if timer is not None and timer.waiting is not None else now + LONGEST_SECONDS
        self._set(draft_id, min(now + QUIET_SECONDS, latest), latest)

    def now(self, draft_id: str) -> None:
        """Refresh a draft without waiting: somebody pressed a button."""
        now = self.clock.monotonic()
        self._set(draft_id, now, now)

    async def sweep(self) -> None:
        """Take up what was left undone: at the start, and now and then in case another process died."""
        for draft_id in await self.unfinished():
            if draft_id not in self._timers:
                self.soon(draft_id)

    async def run(self) -> None:
        """Sweep now and then, until cancelled."""
        while True:
            await self.clock.sleep(SWEEP_SECONDS)
            await self.sweep()

    async def close(self) -> None:
        """Refresh at once what still waits, and end; what takes too long is left to the next sweep."""
        now = self.clock.monotonic()
        for draft_id, timer in self._timers.items():
            if timer.waiting is not None:
                self._set(draft_id, now, now)
        self._is_closed = True
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._tasks.drain()
        await self._tasks.cancel()

    def _set(self, draft_id: str, due: float, latest: float) -> None:
        if self._is_closed:
            return
        timer = self._timers.setdefault(draft_id, _Timer())
        if timer.waiting is not None:
            timer.waiting.cancel()
        timer.latest = latest
        timer.waiting = self._tasks.start(self._wait(draft_id, timer, due), name=f"draft-card-{draft_id}")

    async def _wait(self, draft_id: str, timer: _Timer, due: float) -> None:
        wait = due - self.clock.monotonic()
        if wait > 0:
            await self.clock.sleep(wait)
        async with timer.turn:
            timer.waiting = None
            again = await self._refreshed(draft_id)
        if timer.waiting is not None:
            # It changed meanwhile, and the refresh that is due says when the next one is.
            return
        del self._timers[draft_id]
        if again is not None:
            due = self.clock.monotonic() + again
            self._set(draft_id, due, due)

    async def _refreshed(self, draft_id: str) -> float | None:
        try:
            return await self.refresh(draft_id)
        except OUTAGE as error:
            _log.warning("draft-card-met-an-outage", error=type(error).__name__)
            return OUTAGE_SECONDS
        except Exception:  # noqa: BLE001 - a fault of one draft stops no other; the sweep takes it up again
            _log.exception("draft-card-failed")
            return None
