"""The budget of one group, and how progress lives within its part of it."""

from collections.abc import Hashable
from math import inf

from services.outbox.limits import Limits
from services.outbox.window import Window

BURST_PART = 3
"""One in so many of progress's share may be saved up, and then goes out as it comes."""


class Group:
    """What a group takes in a minute, and the pace of the progress in it.

    Progress may fill the window up to its share. Within it, one message is saved up every `group_span /
    group_progress` seconds, up to a part of the share, and while something is saved up progress goes out as it comes.
    Where it comes faster than that for long, what is left of the share is spread over the time until units come free
    again: a status that changes every few seconds is worth more than a burst and a long silence. Everything else
    takes units of the window and leaves the pace alone.

    Args:
        limits: The budgets.
    """

    __slots__ = ("_burst", "_interval", "_share", "_span", "_whole_at", "_window")

    def __init__(self, limits: Limits) -> None:
        self._window = Window(limits.group, limits.group_span, limits.hold)
        self._whole_at = -inf
        self.adopt(limits)

    def adopt(self, limits: Limits) -> None:
        """Work with another budget from now on."""
        self._window.capacity = limits.group
        self._span = limits.group_span
        self._share = limits.group_progress
        self._interval = limits.group_span / limits.group_progress
        self._burst = max(1, limits.group_progress // BURST_PART)

    def begin(self, call: Hashable, units: int, now: float, *, progress: bool, open_ended: bool) -> None:
        """Note that a call starts.

        Args:
            call: The call.
            units: Messages it makes; more than the budget are taken for all of it.
            now: Seconds.
            progress: Whether it is progress.
            open_ended: Whether it may be counted at its end, whenever that is.
        """
        units = min(units, self._window.capacity)
        self._window.take(call, units, now, open_ended=open_ended)
        if progress:
            self._whole_at = max(self._whole_at, now) + units * self._interval
            if self._paced_at() > now:
                self._whole_at = max(self._whole_at, self._spread_at(now) + (self._burst - 1) * self._interval)

    def finish(self, call: Hashable, now: float) -> None:
        """Note that a call has ended."""
        self._window.settle(call, now)

    def when(self, units: int, now: float) -> float:
        """The moment from which a call that is not progress may start.

        Args:
            units: Messages it makes.
            now: Seconds.

        Returns:
            Seconds, at most `now` for at once; infinity where it hangs on a call that has no answer yet.
        """
        return self._window.when(units, now)

    def when_progress(self, units: int, awaited: int, now: float) -> float:
        """The same for progress.

        Args:
            units: Messages it makes.
            awaited: Units that something else waits for. Progress leaves them alone, or an album would never find as
                many free at once.
            now: Seconds.
        """
        share = self._window.when(units, now, self._share)
        return max(self._paced_at(), share, self._window.when(units + awaited, now))

    def at_rest(self, now: float) -> bool:
        """Whether all of it is free."""
        return self._window.used(now) == 0 and self._whole_at <= now

    def _paced_at(self) -> float:
        """When something is saved up."""
        return self._whole_at - (self._burst - 1) * self._interval

    def _spread_at(self, now: float) -> float:
        left = max(0, self._share - self._window.used(now))
        free_again = min(self._window.first_release(), now + self._span)
        return now + (free_again - now) / (left + 1)
