"""The budgets that Telegram sets: over all, and of one group."""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from math import inf
from operator import attrgetter
from typing import Self

LEAST_OVERALL = 2
LEAST_GROUP = 5
LEAST_GROUP_PROGRESS = 3
"""What a process may do at least, however many there are: beyond that, Telegram's own refusals set the pace."""


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """Numbers the scheduler works with; the defaults are Telegram's (Bots FAQ, "My bot is hitting limits").

    All times and spans are seconds.
    """

    overall: int = 30
    """Messages in all within `overall_span` seconds."""
    overall_span: float = 1.0
    chat_gap: float = 1.0
    """Seconds between the end of one call to a chat and the start of the next."""
    group: int = 20
    """Messages to one group within `group_span` seconds."""
    group_span: float = 60.0
    group_progress: int = 18
    """How many of `group` may be spent when progress is sent; the rest is kept for what matters: one video and its
    end."""
    uploads: int = 3
    """Calls with files in the body that run at once."""
    hold: float = 1.0
    """Seconds after its start at which a call without files is taken to have arrived, if it has no answer yet."""
    patience: float = 60.0
    """Seconds a call must have waited to go before a fresh one of the next higher priority."""
    flood_window: float = 2.0
    """Seconds within which floods of two chats are taken for one of the whole bot."""
    pause_all: float = 30.0
    """Seconds that everything rests at most after such a flood; the next one renews it."""
    tries: int = 10
    """How often Telegram may answer one call with a flood."""
    give_up: float = 600.0
    """Seconds after its arrival past which a call is not held back any longer because of a flood."""
    repeats: int = 2
    """How often an edit (and nothing but an edit) is repeated after a failure of the network."""
    remembered: int = 10_000
    """Messages whose last sent state is kept in mind."""
    alone: bool = True
    """Whether this process alone edits its messages. If not, an answer that shows what was last shown by this process
    is sent all the same, since another one may have shown something else in between."""

    def shared(self, processes: int) -> Self:
        """The part of one of several processes of the same bot: equal ones, since nobody knows who will need more.

        Each keeps as much of a group's part from progress as one alone does, where there is that much.
        """
        if processes <= 1:
            return self
        group = max(LEAST_GROUP, self.group // processes)
        return replace(
            self,
            overall=max(LEAST_OVERALL, self.overall // processes),
            group=group,
            group_progress=max(LEAST_GROUP_PROGRESS, group - (self.group - self.group_progress)),
            alone=False,
        )


@dataclass(slots=True)
class _Held:
    """Units of a window that a call holds until a moment."""

    call: Hashable
    units: int
    release: float


@dataclass(slots=True)
class Window:
    """At most `capacity` units in any `span` seconds, at whichever moment of its flight a call is counted.

    Telegram counts a call somewhere between its start and its answer, and nobody says when. A call therefore holds
    its units from its start until `span` seconds after its answer. A call that has no answer after `hold` seconds is
    taken to have arrived then, so that a server that hangs cannot hold all units; one that is open (an upload, which
    may run for minutes and is counted at its end) holds them all the time.
    """

    capacity: int
    span: float
    hold: float
    _held: list[_Held] = field(default_factory=list)

    def used(self, now: float) -> int:
        """Units that are held at this moment."""
        self._held = [held for held in self._held if held.release > now]
        return sum(held.units for held in self._held)

    def take(self, call: Hashable, units: int, now: float, *, open_ended: bool = False) -> None:
        """Hold units for a call that starts now."""
        self._held.append(_Held(call, units, inf if open_ended else now + self.hold + self.span))

    def settle(self, call: Hashable, now: float) -> None:
        """Note the answer to a call; the same call can be made again afterwards."""
        for held in self._held:
            if held.call == call:
                held.release = min(held.release, now + self.span)

    def when(self, units: int, now: float, capacity: int | None = None) -> float:
        """The moment from which so many more units fit; infinity where it hangs on a call that has no answer yet.

        More units than the capacity are taken for all of it. It may be given where only a part of it may be used.
        """
        most = self.capacity if capacity is None else capacity
        excess = self.used(now) + min(units, most) - most
        if excess <= 0:
            return now
        for held in sorted(self._held, key=attrgetter("release")):
            excess -= held.units
            if excess <= 0:
                return held.release
        return inf


BURST_PART = 3
"""One in so many of progress's share may be saved up, and then goes out as it comes."""


class Group(Window):
    """What a group takes in a minute, and the pace of the progress in it.

    Progress may fill the window up to its share. Within it, one message is saved up every `group_span /
    group_progress` seconds, up to a part of the share, and while something is saved up progress goes out as it comes.
    Where it comes faster than that for long, what is left of the share is spread over the time until units come free
    again: a status that changes every few seconds is worth more than a burst and a long silence. Everything else
    takes units of the window and leaves the pace alone.
    """

    __slots__ = ("_ahead", "_interval", "_share", "_whole_at")

    def __init__(self, limits: FloodLimits) -> None:
        super().__init__(limits.group, limits.group_span, limits.hold)
        self._whole_at = -inf
        self.adopt(limits)

    def adopt(self, limits: FloodLimits) -> None:
        """Work with another budget from now on."""
        self.capacity, self._share = limits.group, limits.group_progress
        self._interval = self.span / self._share
        self._ahead = (max(1, self._share // BURST_PART) - 1) * self._interval

    def begin(self, call: Hashable, units: int, now: float, *, progress: bool, open_ended: bool) -> None:
        """Note that a call starts; more units than the budget are taken for all of it.

        An open-ended one may be counted at its end, whenever that is.
        """
        units = min(units, self.capacity)
        self.take(call, units, now, open_ended=open_ended)
        if progress:
            self._whole_at = max(self._whole_at, now) + units * self._interval
            if self._paced_at() > now:
                self._whole_at = max(self._whole_at, self._spread_at(now) + self._ahead)

    def when_progress(self, units: int, awaited: int, now: float) -> float:
        """The moment from which progress may start; it leaves alone what something else waits for (``awaited`` units).

        Otherwise an album would never find as many free at once.
        """
        return max(self._paced_at(), self.when(units, now, self._share), self.when(units + awaited, now))

    def at_rest(self, now: float) -> bool:
        """Whether all of it is free."""
        return self.used(now) == 0 and self._whole_at <= now

    def _paced_at(self) -> float:
        """When something is saved up."""
        return self._whole_at - self._ahead

    def _spread_at(self, now: float) -> float:
        left = max(0, self._share - self.used(now))
        free_again = min([now + self.span, *(held.release for held in self._held)])
        return now + (free_again - now) / (left + 1)
