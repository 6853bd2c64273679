"""Which objects of the API's history are whose. Pure.

The history repeats the prompt and the time of creation and nothing that names the request, so requests with the same
prompt around the same time are told apart by what is claimed already and by order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from services.genaipro.events import VideoResult

SKEW = timedelta(seconds=5)
"""How much earlier than the request the API's clock may say that it made the object."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may have been accepted.

    Attributes:
        id: The generation's id.
        armed_at: When its POST was about to be made.
        count: Videos asked for.
        open: Whether it has not ended.
    """

    id: str
    armed_at: datetime
    count: int
    open: bool


class Verdict(Enum):
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

    verdict: Verdict
    results: tuple[VideoResult, ...] = ()
    grouped: bool = False
    """Whether this history is known to hold all the videos of a request in one object."""

    @property
    def has_videos(self) -> bool:
        """Whether any of the objects has an address."""
        return any(result.urls for result in self.results)


def keys_of(result: VideoResult) -> tuple[str, ...]:
    """The names under which an object is claimed: its id and its addresses."""
    named = (f"id:{result.id}",) if result.id else ()
    return named + tuple(f"url:{url}" for url in result.urls)


def same_prompt(one: str, other: str) -> bool:
    """Whether two prompts are the same but for white space."""
    return one.split() == other.split()


def _weight(result: VideoResult) -> int:
    return max(1, len(result.urls))


@dataclass(frozen=True, slots=True)
class _Place:
    """Room for one object: a request's only one, or one of as many as it asked for videos."""

    request: Request
    room: int

    def takes(self, item: VideoResult) -> bool:
        made = item.created_at
        return made is not None and made >= self.request.armed_at - SKEW and _weight(item) <= self.room

    def distance(self, item: VideoResult) -> float:
        assert item.created_at is not None
        return abs((item.created_at - self.request.armed_at).total_seconds())


def _pairs(objects: Sequence[VideoResult], places: Sequence[_Place]) -> list[tuple[int, int]]:
    """Pair objects with places, both oldest first, so that no two pairs cross.

    As many pairs as can be; of those, as many as can be in which the object fills its place; of those, the ones that
    lie closest in time. An object that came without a request of its own thus goes to the request it followed.

    Returns:
        Indexes into both.
    """
    worth = [[(0, 0, 0.0)] * (len(places) + 1) for _ in range(len(objects) + 1)]
    taken = [[False] * len(places) for _ in objects]
    for i in reversed(range(len(objects))):
        for j in reversed(range(len(places))):
            best = max(worth[i + 1][j], worth[i][j + 1])
            if places[j].takes(objects[i]):
                count, exact, close = worth[i + 1][j + 1]
                fills = _weight(objects[i]) == places[j].room
                pair = (count + 1, exact + fills, close - places[j].distance(objects[i]))
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
    """Hand objects to requests, both oldest first; an object never goes to a request made after it.

    Args:
        objects: Those that are nobody's yet.
        requests: Those that have none yet.
        grouped: Whether one object holds all the videos of a request.
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


def match(
    own: Request,
    rivals: Sequence[Request],
    history: Sequence[VideoResult],
    owners: Mapping[str, str],
    *,
    last_chance: bool = False,
) -> Match:
    """Find a request's objects.

    Args:
        own: The request that misses its result.
        rivals: The other requests with the same prompt that may have been accepted.
        history: Objects with that prompt, in any order.
        owners: Generation ids by claimed key.
        last_chance: No more look-ups follow: take what order gives even while a rival is still open.

    Returns:
        The verdict; objects that are still being made count neither as found nor as failed.
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
        contested = any(rival.open and not shares[rival.id] for rival in waiting if rival.id != own.id)
        mine = [] if contested and not last_chance else shares[own.id]
    ended = tuple(item for item in mine if item.urls or item.failed)
    still_made = len(ended) < len(mine)
    if not ended or (still_made and not last_chance):
        return Match(Verdict.WAIT)
    complete = not still_made and sum(map(_weight, ended)) >= own.count
    return Match(Verdict.FOUND if complete else Verdict.PARTLY, ended, grouped)
