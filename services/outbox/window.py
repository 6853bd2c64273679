"""A budget of messages within any span of time."""

from collections.abc import Hashable
from math import inf

from services.outbox.agenda import Agenda


class Window:
    """At most `capacity` units in any `span` seconds, at whichever moment of its flight a call is counted.

    Telegram counts a call somewhere between its start and its answer, and nobody says when. A call therefore holds
    its units from its start until `span` seconds after its answer. A call that has no answer after `hold` seconds is
    taken to have arrived then, so that a server that hangs cannot hold all units; one that is open (an upload, which
    may run for minutes and is counted at its end) holds them all the time.

    Args:
        capacity: Units within a span.
        span: Seconds.
        hold: Seconds.
    """

    __slots__ = ("_held", "_hold", "_releases", "_span", "_used", "capacity")

    def __init__(self, capacity: int, span: float, hold: float) -> None:
        self.capacity = capacity
        self._span = span
        self._hold = hold
        self._releases: Agenda[Hashable] = Agenda()
        self._held: dict[Hashable, tuple[int, float]] = {}
        self._used = 0

    def used(self, now: float) -> int:
        """Units that are held at this moment."""
        while (first := self._releases.first()) is not None and first[0][0] <= now:
            self._releases.drop(first[1])
            self._used -= self._held.pop(first[1])[0]
        return self._used

    def take(self, call: Hashable, units: int, now: float, *, open_ended: bool = False) -> None:
        """Hold units for a call that starts now."""
        arrives = inf if open_ended else now + self._hold
        self._held[call] = (units, arrives)
        self._releases.put(call, (arrives + self._span,))
        self._used += units

    def settle(self, call: Hashable, now: float) -> None:
        """Note the answer to a call; the same call can be made again afterwards."""
        held = self._held.pop(call, None)
        if held is None:
            return
        self._releases.drop(call)
        answered = object()
        self._held[answered] = held
        self._releases.put(answered, (min(now, held[1]) + self._span,))

    def when(self, units: int, now: float, capacity: int | None = None) -> float:
        """The moment from which so many more units fit.

        Args:
            units: More than the capacity are taken for the capacity.
            now: Seconds.
            capacity: A part of the window's, where only a part may be used.

        Returns:
            Seconds, `now` where they fit at once; infinity where it hangs on a call that has no answer yet.
        """
        most = self.capacity if capacity is None else capacity
        excess = self.used(now) + min(units, most) - most
        if excess <= 0:
            return now
        for (release,), call in sorted(self._releases.entries(), key=lambda entry: entry[0]):
            excess -= self._held[call][0]
            if excess <= 0:
                return release
        return inf

    def first_release(self) -> float:
        """The moment at which the next units come free; infinity if none are held or that is not known yet."""
        first = self._releases.first()
        return inf if first is None else first[0][0]
