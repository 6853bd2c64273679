"""A lost result, looked up in the history until it is found, has failed, or is given up. Never a second POST."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from structlog import get_logger
from yarl import URL

from services.clock import Clock
from services.failures import Charged, Failure, FailureKind
from services.genaipro.classify import failure_of
from services.genaipro.events import GenAIProError, NotAcceptedError, ResultPage, VideoResult
from services.generations.matching import Match, MatchVerdict, Request, keys_of, match
from services.generations.model import Generation, State
from services.generations.progress import Reporter
from services.generations.prompts import prompt_form
from services.generations.results import ResultTakenError, owners, record, requests_like, videos_of
from services.generations.store import fail, move
from services.store.database import Database

log = get_logger(__name__)

SERVER_ERROR_SECONDS = 120.0
"""How long a result is looked for after a 5xx, which most often means that nothing was accepted."""

RIVAL_WINDOW = timedelta(hours=1)
"""How much older a request with the same prompt may be and still own an object of the history."""

PAGE_SIZE = 20
MAX_PAGES = 50
"""Pages of the history that are read at most in one look-up."""

LONGEST_WAIT_SECONDS = 120.0
"""The longest wait before the next look-up, whatever ``Retry-After`` asks for."""

SETTLED_LOOKUPS = 3
"""Look-ups in a row with the same objects after which fewer videos than asked for are taken as all there are."""

SETTLED_SECONDS = 45.0
"""The same in time, where the history may have an object for each video and more of them may come."""


_NOTHING = Match(MatchVerdict.WAIT)


@dataclass(frozen=True, slots=True)
class _Look:
    """One look-up."""

    wait: float
    """Seconds before the next one."""
    found: Match = _NOTHING
    failure: Failure | None = None
    """Why the history did not answer."""


@dataclass(slots=True)
class _Settling:
    """Whether what was found has stayed the same for so long that no more will come."""

    _seen: frozenset[str] = frozenset()
    _since: float = 0.0
    _repeats: int = 0

    def is_over(self, found: Match, now: float) -> bool:
        """Note what a look-up found; ``now`` is in monotonic seconds."""
        keys = frozenset(key for result in found.results for key in keys_of(result))
        if keys != self._seen:
            self._seen, self._since, self._repeats = keys, now, 0
        self._repeats += 1
        return self._repeats >= SETTLED_LOOKUPS and (found.grouped or now - self._since >= SETTLED_SECONDS)


@dataclass(slots=True)
class Reconciler:
    """Looks for the result of one generation."""

    database: Database
    histories: Callable[[int, int], Awaitable[ResultPage]]
    """A page of the API's history, newest first, by its number, from 1, and its size."""
    reporter: Reporter
    clock: Clock
    interval: float
    """Seconds between look-ups."""
    timeout: float
    """Seconds until the result is given up."""
    alarm: Callable[[Failure], object]
    """Has the admins told, without a wait, of what only they can mend: a guard, or a key that is refused."""

    async def run(self, generation: Generation) -> Generation:
        """Look until there is an end; the generation is delivering then, or failed."""
        current = generation
        if generation.reconciling_since is None:
            now = self.clock.now()
            current = await self.database.write(move, generation, State.RECONCILING, now, {"reconciling_since": now})
        self.reporter.progress(current)
        settling = _Settling()
        # A search that was cut short by a stop has its time over at once; it is still asked for until it was answered.
        began, answered, enough = self.clock.now(), False, False
        told: set[FailureKind] = set()
        while True:
            last = self._is_over(current, current.reconciling_since)
            look = await self._look(current, last_chance=last)
            if look.failure is None:
                answered = True
                enough = settling.is_over(look.found, self.clock.monotonic()) or last
            elif look.failure.kind not in told:
                told.add(look.failure.kind)
                self.alarm(look.failure)
            if look.found.verdict is MatchVerdict.FOUND or (look.found.verdict is MatchVerdict.PARTLY and enough):
                ended = await self._end(current, look.found)
                if ended is not None:
                    return ended
            if last and (answered or self._is_over(current, began)):
                return await self._give_up(current)
            await self.clock.sleep(look.wait)

    async def another_address(self, generation: Generation, position: int, dead: str) -> str | None:
        """Look for another address of the video at a position, whose own is dead; None where the history has none."""
        look = await self._look(generation, last_chance=False)
        found = [url for result in look.found.results for url in result.urls]
        videos = await self.database.read(videos_of, generation.id)
        others = [video.url for video in videos if video.position != position and video.url]
        return another(list(dict.fromkeys(found)), position, dead, others)

    async def _give_up(self, current: Generation) -> Generation:
        kind = FailureKind.SERVICE if current.server_error else FailureKind.LOST
        log.warning("result_given_up", kind=kind.value)
        return await self._fail(current, Failure(kind, "", Charged.UNKNOWN))

    def _is_over(self, current: Generation, since: datetime | None) -> bool:
        assert since is not None
        limit = min(SERVER_ERROR_SECONDS, self.timeout) if current.server_error else self.timeout
        return (self.clock.now() - since).total_seconds() >= limit

    async def _look(self, current: Generation, *, last_chance: bool) -> _Look:
        requests = await self.database.read(requests_like, current, RIVAL_WINDOW)
        try:
            requests, history = await self._read(current.prompt, requests)
        except NotAcceptedError as error:
            log.info("history_busy", status=error.status)
            asked = min(error.retry_after or 0.0, LONGEST_WAIT_SECONDS)
            return _Look(max(self.interval, asked), failure=error.failure)
        except GenAIProError as error:
            log.warning("history_failed", status=error.status, kind=error.failure.kind.value)
            return _Look(self.interval, failure=error.failure)
        rivals = [request for request in requests if request.id != current.id]
        held = await self.database.read(owners, history)
        own = next(request for request in requests if request.id == current.id)
        found = match(own, rivals, history, held, last_chance=last_chance)
        log.info("history_read", objects=len(history), rivals=len(rivals), verdict=found.verdict.name.lower())
        return _Look(self.interval, found)

    async def _read(self, prompt: str, requests: Sequence[Request]) -> tuple[list[Request], list[VideoResult]]:
        """The objects with this prompt, back to the oldest request that may own one, and what requests know of time."""
        kept: list[VideoResult] = []
        since = datetime.max.replace(tzinfo=UTC)
        for number in range(1, MAX_PAGES + 1):
            page = await self.histories(number, PAGE_SIZE)
            if number == 1:
                requests = [replace(request, offset=page.clock_offset) for request in requests]
                since = min(request.earliest for request in requests)
            kept += [item for item in page.results if prompt_form(item.prompt, prompt) is not None]
            oldest = min((item.created_at for item in page.results if item.created_at), default=None)
            if not page.results or number >= page.total_pages or (oldest is not None and oldest < since):
                break
        # An object that moved to the next page while the pages were read came twice, perhaps finished in between.
        ended = {item.id for item in kept if item.id and (item.urls or item.failed)}
        unique = {
            (item.id, item.urls): item
            for item in kept
            if item.created_at and item.created_at >= since and (item.urls or item.failed or item.id not in ended)
        }
        return list(requests), list(unique.values())

    async def _end(self, current: Generation, found: Match) -> Generation | None:
        if not any(result.urls for result in found.results):
            return await self._fail(current, failure_of(found.results))
        try:
            return await self.database.write(record, current, found.results, True, self.clock.now())
        except ResultTakenError:
            log.info("result_taken_by_another_request")
            return None

    async def _fail(self, current: Generation, failure: Failure) -> Generation:
        return await self.database.write(fail, current, failure, self.clock.now())


def another(found: Sequence[str], position: int, dead: str, others: Sequence[str]) -> str | None:
    """Which address of those that the history has found, in its order, is the one of a video whose own is dead.

    The same file under another query or host; else what stands in its place, where the history names as many as there
    are videos; else the only one that is not among those of the other videos. None for its own again.
    """
    # Where one path serves all videos, only the whole address tells them apart.
    by_file = _file(dead) not in {_file(url) for url in others}
    taken = {_file(url) if by_file else url for url in others}
    free = [url for url in found if url != dead and (_file(url) if by_file else url) not in taken]
    same = [url for url in free if by_file and _file(url) == _file(dead)]
    if same:
        return same[0]
    if dead in found:
        return None
    if len(found) == len(others) + 1 and position < len(found) and found[position] in free:
        return found[position]
    return free[0] if len(free) == 1 else None


def _file(url: str) -> str:
    """What an address names, without what grants it for a time."""
    try:
        return URL(url).path
    except ValueError:
        return url
