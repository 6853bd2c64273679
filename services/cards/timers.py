"""The timers behind the cards: many messages in a moment become one refresh, and the last one is always shown."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from services.clock import Clock
from services.retries import OUTAGE

OUTAGE_SECONDS = 3.0
"""Until a draft is looked at again whose database did not answer."""

SWEEP_SECONDS = 30.0
"""Between two looks for what a process that died left in the middle."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CardTimes:
    """When a draft is refreshed."""

    quiet: float = 0.4
    """Seconds after its last message."""
    longest: float = 1.5
    """Seconds after the first message since the last refresh, however many follow."""
    closing: float = 3.0
    """Seconds that :meth:`CardTimers.close` takes at most."""


@dataclass(slots=True)
class _Timer:
    """One draft's timer: a task that lives while something is due."""

    due: float | None
    latest: float
    task: asyncio.Task[None] | None = None
    is_asleep: bool = False


@dataclass(slots=True)
class CardTimers:
    """Refreshes drafts a moment after they change; one task for a draft, owned here, ended by :meth:`close`."""

    refresh: Callable[[str], Awaitable[float | None]]
    """Brings one draft up to date; seconds after which to call again, or None."""
    unfinished: Callable[[], Awaitable[Sequence[str]]]
    """The drafts that are not up to date."""
    clock: Clock
    times: CardTimes = field(default_factory=CardTimes)
    _timers: dict[str, _Timer] = field(default_factory=dict)
    _cancelled: set[asyncio.Task[None]] = field(default_factory=set)
    _is_closed: bool = False

    def soon(self, draft_id: str) -> None:
        """Refresh a draft once no message has come for a moment."""
        now = self.clock.monotonic()
        timer = self._timers.get(draft_id)
        latest = timer.latest if timer is not None and timer.due is not None else now + self.times.longest
        self._set(draft_id, min(now + self.times.quiet, latest), latest)

    def now(self, draft_id: str) -> None:
        """Refresh a draft without waiting: somebody pressed a button."""
        now = self.clock.monotonic()
        self._set(draft_id, now, now)

    async def sweep(self) -> int:
        """Take up what was left undone, and count it: at the start, and now and then in case another process died."""
        drafts = await self.unfinished()
        for draft_id in drafts:
            if draft_id not in self._timers:
                self.soon(draft_id)
        return len(drafts)

    async def run(self) -> None:
        """Sweep now and then, until cancelled."""
        while True:
            await self.clock.sleep(SWEEP_SECONDS)
            await self.sweep()

    async def settled(self) -> None:
        """Wait until nothing is due any more."""
        while tasks := [timer.task for timer in self._timers.values() if timer.task is not None]:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Refresh at once what still waits, and end; what takes too long is left to the next sweep."""
        self._is_closed = True
        waiting = [(draft_id, timer) for draft_id, timer in self._timers.items() if timer.is_asleep]
        for draft_id, timer in waiting:
            self._wake(timer)
            timer.task = asyncio.create_task(self._fire(draft_id, timer))
        tasks = [timer.task for timer in self._timers.values() if timer.task is not None] + list(self._cancelled)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self.times.closing)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._timers.clear()

    def _set(self, draft_id: str, due: float, latest: float) -> None:
        if self._is_closed:
            return
        timer = self._timers.get(draft_id)
        if timer is None:
            timer = self._timers[draft_id] = _Timer(due, latest)
        else:
            is_earlier = timer.due is None or due < timer.due
            timer.due, timer.latest = due, latest
            if timer.task is not None and not (timer.is_asleep and is_earlier):
                return
            self._wake(timer)
        timer.task = asyncio.create_task(self._run(draft_id, timer), name=f"draft-card-{draft_id}")

    def _wake(self, timer: _Timer) -> None:
        timer.is_asleep = False
        if timer.task is not None and timer.task.cancel():
            self._cancelled.add(timer.task)
            timer.task.add_done_callback(self._cancelled.discard)

    async def _run(self, draft_id: str, timer: _Timer) -> None:
        while timer.due is not None:
            wait = timer.due - self.clock.monotonic()
            if wait > 0:
                timer.is_asleep = True
                await self.clock.sleep(wait)
                timer.is_asleep = False
                continue
            await self._fire(draft_id, timer)
        if self._timers.get(draft_id) is timer:
            del self._timers[draft_id]

    async def _fire(self, draft_id: str, timer: _Timer) -> None:
        timer.due = None
        try:
            again = await self.refresh(draft_id)
        except OUTAGE as error:
            _log.warning("draft-card-met-an-outage", error=type(error).__name__)
            again = OUTAGE_SECONDS
        except Exception:  # noqa: BLE001 - a fault of one draft stops no other; the sweep takes it up again
            _log.exception("draft-card-failed")
            return
        if again is not None and not self._is_closed:
            due = self.clock.monotonic() + again
            timer.due = due if timer.due is None else min(due, timer.due)
            timer.latest = timer.due
