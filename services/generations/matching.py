"""Which objects of the API's history are whose. Pure.

The history repeats the prompt and the time of creation and nothing that names the request, so requests with the same
prompt around the same time are told apart by what was there before, by what is claimed already, and by order.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from services.genaipro.events import ResultPage, VideoResult
from services.generations.prompts import PromptForm, prompt_form

SKEW = timedelta(seconds=5)
"""How much earlier than the request an object may seem to be made, where the service's clock is known by its word."""

CLOCKS_APART = timedelta(seconds=65)
"""The same where it is not known, or where what was there before is known anyway."""

WHOLE_SECONDS = timedelta(seconds=2)
"""What times that name whole seconds, of objects and of the service's own clock, may be off."""

_NAME_LENGTH = 12


@dataclass(frozen=True, slots=True)
class HistoryBefore:
    """What the history held before a request was sent."""

    names: frozenset[str] = frozenset()
    """Of the newest objects; see :func:`_name`."""
    floor: datetime | None = None
    """What is older was there too; by the service's clock."""
    offset: float | None = None
    """Seconds by which the service's clock was ahead, by its own word."""
    complete: bool = True
    """Whether nothing with the same prompt can have come between the look and the request."""

    @classmethod
    def of(cls, page: ResultPage) -> "HistoryBefore":
        """What the first page tells."""
        dates = [item.created_at for item in page.results if item.created_at]
        floor = min(dates, default=None) if page.total_pages > 1 else None
        return cls(frozenset(_name(item) for item in page.results), floor, page.clock_offset)

    def to_json(self) -> str:
        """As it is stored."""
        floor = None if self.floor is None else self.floor.isoformat()
        return json.dumps([sorted(self.names), floor, self.offset, self.complete])

    @classmethod
    def from_json(cls, text: str | None) -> "HistoryBefore | None":
        """As it was stored; None where nothing was."""
        if text is None:
            return None
        names, floor, offset, complete = json.loads(text)
        return cls(frozenset(names), None if floor is None else datetime.fromisoformat(floor), offset, complete)

    def held(self, item: VideoResult) -> bool:
        """Whether the object was there."""
        older = self.floor is not None and item.created_at is not None and item.created_at < self.floor
        return older or _name(item) in self.names


def _name(item: VideoResult) -> str:
    named = item.id or next(iter(item.urls), f"{item.created_at} {item.prompt}")
    return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:_NAME_LENGTH]


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may have been accepted."""

    id: str
    """The generation's id."""
    prompt: str
    armed_at: datetime
    """When its POST was about to be made, by the bot's clock."""
    count: int
    open: bool
    """Whether it has not ended."""
    before: HistoryBefore | None = None
    """What the history held before, where that was looked at."""
    offset: float | None = None
    """Seconds by which the service's clock is ahead, where the service told its time."""

    @property
    def _ahead(self) -> timedelta | None:
        offset = self.offset if self.before is None or self.before.offset is None else self.before.offset
        return None if offset is None else timedelta(seconds=offset)

    @property
    def expected_at(self) -> datetime:
        """When its objects were made at the earliest, by the service's clock as far as that is known."""
        return self.armed_at + (self._ahead or timedelta())

    @property
    def earliest(self) -> datetime:
        """The earliest time that an object of its may bear.

        The word of the service about its time may be that of a cache in front of it: where what was there before is
        known, or there is no such word, the clocks may be apart.
        """
        ahead = self._ahead
        if ahead is None or (self.before is not None and self.before.complete):
            return self.armed_at + min(ahead or timedelta(), timedelta()) - CLOCKS_APART
        return self.armed_at + ahead - SKEW

    def form_of(self, item: VideoResult) -> PromptForm | None:
        """How surely an object is of this request, by its prompt; None where it cannot be."""
        if item.created_at is None or item.created_at < self.earliest:
            return None
        if self.before is not None and self.before.held(item):
            return None
        return prompt_form(item.prompt, self.prompt)


class MatchVerdict(Enum):
    """What the history says about a request."""

    FOUND = auto()
    """Everything that was asked for is there (or has failed)."""
    PARTLY = auto()
    """Something is there, less than was asked for; more may come."""
    WAIT = auto()
    """Nothing that is surely this request's."""


@dataclass(frozen=True, slots=True)
class Match:
    """What the history says, and the objects that it is said of."""

    verdict: MatchVerdict
    results: tuple[VideoResult, ...] = ()
    grouped: bool = False
    """Whether this history is known to hold all the videos of a request in one object."""


def keys_of(result: VideoResult) -> tuple[str, ...]:
    """The names under which an object is claimed: its id and its addresses."""
    named = (f"id:{result.id}",) if result.id else ()
    return named + tuple(f"url:{url}" for url in result.urls)


def _weight(result: VideoResult) -> int:
    return max(1, len(result.urls))


@dataclass(frozen=True, slots=True)
class _Place:
    """Room for one object: a request's only one, or one of as many as it asked for videos."""

    request: Request
    room: int

    def form_of(self, item: VideoResult) -> PromptForm | None:
        return self.request.form_of(item) if _weight(item) <= self.room else None

    def lag(self, item: VideoResult) -> timedelta:
        """How long after its request the object was made, by the service's clock as far as that is known."""
        assert item.created_at is not None
        return item.created_at - self.request.expected_at


def _pairs(objects: Sequence[VideoResult], places: Sequence[_Place]) -> list[tuple[int, int]]:
    """Pair objects with places, both oldest first, by their indexes, so that no two pairs cross.

    As many pairs as can be; of those, the ones whose prompts are surest; of those, as many as can be in which the
    object fills its place; of those, as many as can be in which the object followed its request; of those, the ones
    that lie closest in time. An object that came without a request of its own thus goes to the request it followed.
    """
    worth = [[(0, 0, 0, 0, 0.0)] * (len(places) + 1) for _ in range(len(objects) + 1)]
    taken = [[False] * len(places) for _ in objects]
    for i in reversed(range(len(objects))):
        for j in reversed(range(len(places))):
            best = max(worth[i + 1][j], worth[i][j + 1])
            form = places[j].form_of(objects[i])
            if form is not None:
                count, forms, full, after, close = worth[i + 1][j + 1]
                full += _weight(objects[i]) == places[j].room
                lag = places[j].lag(objects[i])
                after += lag >= -WHOLE_SECONDS
                pair = (count + 1, forms + form, full, after, close - abs(lag.total_seconds()))
                if pair >= best:
                    best, taken[i][j] = pair, True
            worth[i][j] = best
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(objects) and j < len(places):
        if taken[i][j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif worth[i + 1][j] >= worth[i][j + 1]:
            i += 1
        else:
            j += 1
    return found


def _share(
    objects: Sequence[VideoResult], requests: Sequence[Request], *, grouped: bool
) -> dict[str, list[VideoResult]]:
    """Hand objects that are nobody's yet to requests that have none, both oldest first.

    An object never goes to a request made after it. ``grouped`` says whether one holds all the videos of a request.
    """
    shares: dict[str, list[VideoResult]] = {request.id: [] for request in requests}
    left = list(objects)
    places = [
        _Place(request, request.count if grouped else 1)
        for request in requests
        for _ in range(1 if grouped else request.count)
    ]
    # What crossed in the first round (a later request may have been accepted earlier) is paired in the next.
    while pairs := _pairs(left, places):
        for i, j in pairs:
            shares[places[j].request.id].append(left[i])
        left = [item for i, item in enumerate(left) if i not in {pair[0] for pair in pairs}]
        places = [place for j, place in enumerate(places) if j not in {pair[1] for pair in pairs}]
    return shares


def _wants(rival: Request, own: Request, objects: Sequence[VideoResult]) -> bool:
    """Whether any of the request's objects may be its rival's as well."""
    for item in objects:
        theirs, ours = rival.form_of(item), own.form_of(item)
        if theirs is not None and (ours is None or theirs >= ours):
            return True
    return False


def match(
    own: Request,
    rivals: Sequence[Request],
    history: Sequence[VideoResult],
    owners: Mapping[str, str],
    *,
    last_chance: bool = False,
) -> Match:
    """Find a request's objects; those that are still being made count neither as found nor as failed.

    Args:
        rivals: The other requests that objects with that prompt may be meant for, and that may have been accepted.
        history: Objects, in any order.
        owners: Generation ids by claimed key.
        last_chance: No more look-ups follow: take what order gives even while a rival is still open.
    """
    ordered = sorted((item for item in history if item.created_at), key=lambda item: (item.created_at, item.id))
    grouped = any(_weight(item) > 1 for item in ordered)
    holders = [{owners[key] for key in keys_of(item) if key in owners} for item in ordered]
    mine = [item for item, held in zip(ordered, holders, strict=True) if own.id in held]
    if not mine:
        settled = set().union(*holders) if holders else set()
        free = [item for item, held in zip(ordered, holders, strict=True) if not held]
        waiting = sorted(
            [own, *(rival for rival in rivals if rival.id not in settled)],
            key=lambda request: (request.armed_at, request.id),
        )
        shares = _share(free, waiting, grouped=grouped)
        contested = any(
            rival.open and not shares[rival.id] and _wants(rival, own, shares[own.id])
            for rival in waiting
            if rival.id != own.id
        )
        mine = [] if contested and not last_chance else shares[own.id]
    ended = tuple(item for item in mine if item.urls or item.failed)
    still_made = len(ended) < len(mine)
    if not ended or (still_made and not last_chance):
        return Match(MatchVerdict.WAIT)
    complete = not still_made and sum(map(_weight, ended)) >= own.count
    return Match(MatchVerdict.FOUND if complete else MatchVerdict.PARTLY, ended, grouped)
