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


def _share(objects: Sequence[VideoResult], requests: Sequence[Request]) -> dict[str, list[VideoResult]]:
    """Hand objects, oldest first, to requests, oldest first; an object never goes to a request made after it."""
    left = list(objects)
    shares: dict[str, list[VideoResult]] = {}
    for request in requests:
        can = [item for item in left if item.created_at and item.created_at >= request.armed_at - SKEW]
        whole = next((item for item in can if _weight(item) == request.count), None)
        share: list[VideoResult] = []
        if whole is not None:
            share = [whole]
        else:
            for item in can:
                if sum(map(_weight, share)) >= request.count:
                    break
                share.append(item)
        left = [item for item in left if item not in share]
        shares[request.id] = share
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
    holders = [{owners[key] for key in keys_of(item) if key in owners} for item in ordered]
    mine = [item for item, held in zip(ordered, holders, strict=True) if own.id in held]
    if not mine:
        settled = set().union(*holders) if holders else set()
        free = [item for item, held in zip(ordered, holders, strict=True) if not held]
        waiting = sorted(
            [own, *(rival for rival in rivals if rival.id not in settled)],
            key=lambda request: (request.armed_at, request.id),
        )
        shares = _share(free, waiting)
        contested = any(rival.open and not shares[rival.id] for rival in waiting if rival.id != own.id)
        mine = [] if contested and not last_chance else shares[own.id]
    ended = tuple(item for item in mine if item.urls or item.failed)
    still_made = len(ended) < len(mine)
    if not ended or (still_made and not last_chance):
        return Match(Verdict.WAIT)
    complete = not still_made and sum(map(_weight, ended)) >= own.count
    return Match(Verdict.FOUND if complete else Verdict.PARTLY, ended)
