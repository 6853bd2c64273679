"""The paid call. One arming, one POST: what may have been accepted is never sent again.

The order of the lines is the promise: photos first, then a look at the history, the pace, the committed arming, and
the POST at once.
A process that dies before the arming has not paid; one that dies after it leaves a row that the next run only looks up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from structlog import get_logger
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
    wait_random,
)

from services.clock import Clock
from services.failures import Charged, Failure, FailureKind
from services.genaipro.classify import failure_of
from services.genaipro.client import GenAIProClient
from services.genaipro.events import (
    CompletedEvent,
    FailedEvent,
    GenAIProError,
    MaybeAcceptedError,
    NotAcceptedError,
    RefusedError,
    ResultPage,
)
from services.generations.cancelling import CancelRequestedError
from services.generations.matching import HistoryBefore
from services.generations.model import Generation, State, on_status_word
from services.generations.progress import ProgressLog, Reporter
from services.generations.prompts import normal_form
from services.generations.results import record
from services.generations.store import arm, disarm, fail, move, photos_of
from services.photos.model import PhotoError, PhotoFile, PhotoRef
from services.retries import through_outages
from services.store.database import Database
from services.temp_dirs import TempDirs

log = get_logger(__name__)

BUSY_ATTEMPTS = 5
"""How often a request that was provably not accepted is sent in all."""

LONGEST_WAIT_SECONDS = 120.0
"""The longest wait before another attempt, whatever ``Retry-After`` asks for."""

FRESH_SECONDS = 20.0
"""For so long one look serves all requests whose prompts nobody else has used since."""

LOOK_SECONDS = 2.0
"""What a look may take: the request waits for it."""

BACK_OFF_SECONDS = 60.0
"""How long a history that did not answer is left alone."""


@dataclass(slots=True)
class HistorySnapshots:
    """Looks at the history before requests are sent: seldom, only with calls to spare, and never for long."""

    recent_history: Callable[[], Awaitable[ResultPage | None]]
    """The first page of the API's history, or None where the limit on calls has none to spare."""
    clock: Clock
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _last: HistoryBefore | None = field(default=None, init=False)
    _taken_at: float = field(default=float("-inf"), init=False)
    _failed_at: float = field(default=float("-inf"), init=False)
    _sent_since: set[str] = field(default_factory=set, init=False)

    async def before(self, prompt: str) -> HistoryBefore | None:
        """What the history holds before a request with this prompt, as far as known; None where it never answered."""
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
                page = await self.recent_history()
        except (GenAIProError, TimeoutError) as error:
            log.info("history_not_seen_before", error=type(error).__name__)
            self._failed_at = self.clock.monotonic()
            return
        if page is not None:
            self._last, self._taken_at = HistoryBefore.of(page), began
            self._sent_since.clear()


@dataclass(slots=True)
class Submitter:
    """Takes a generation from its turn to the end of its stream."""

    database: Database
    api: GenAIProClient
    snapshots: HistorySnapshots
    fetch_photo: Callable[[PhotoRef, Path, int], Awaitable[PhotoFile]]
    """Gets one into a directory, under a number; a ``PhotoError`` where it cannot be had, or not be used."""
    temp_dirs: TempDirs
    reporter: Reporter
    progress_log: ProgressLog
    clock: Clock
    timeout: float
    """Seconds for the whole stream."""

    async def run(self, generation: Generation) -> Generation:
        """Fetch, arm, stream; the generation is delivering then, reconciling or failed.

        Raises:
            CancelRequestedError: The person has asked to cancel; nothing was sent.
        """
        if generation.armed_at is not None:
            return await self._look_up(generation, server_error=generation.server_error)
        self.reporter.progress(generation)
        async with self.temp_dirs.folder(generation.id, "photos") as folder:
            refs = await self.database.read(photos_of, generation.id)
            try:
                photos = [await self.fetch_photo(ref, folder, number) for number, ref in enumerate(refs, 1)]
            except PhotoError as error:
                log.info("photos_unusable", problem=error.problem.value)
                return await self._fail(generation, Failure(FailureKind.PHOTOS))
            try:
                return await self._until_accepted(generation, photos)
            except NotAcceptedError as error:
                return await self._fail(generation, error.failure)

    async def _until_accepted(self, generation: Generation, photos: Sequence[PhotoFile]) -> Generation:
        """Attempt again only what was provably not accepted, with jitter."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(NotAcceptedError),
            stop=stop_after_attempt(max(1, BUSY_ATTEMPTS - generation.attempts)),
            wait=_wait,
            sleep=self.clock.sleep,
            reraise=True,
        )
        current = generation
        before = await self.snapshots.before(generation.prompt)
        async for attempt in attempts:
            with attempt:
                await self.api.rate_limit.wait()
                armed = await self.database.write(arm, current, before, self.clock.now())
                if armed is None:
                    raise CancelRequestedError
                try:
                    return await self._stream(armed, photos)
                except NotAcceptedError as error:
                    log.info("attempt_not_accepted", attempt=armed.attempts, status=error.status)
                    current = await through_outages(self.clock.sleep, self.database.write, disarm, armed)
                    self.reporter.progress(current)
                    raise
        raise AssertionError("the retries end by returning or raising")

    async def _stream(self, armed: Generation, photos: Sequence[PhotoFile]) -> Generation:
        self.reporter.progress(armed)
        log.info("post_begins", attempt=armed.attempts, photos=len(photos), videos=armed.options.count)
        try:
            terminal = await self._listen(armed, photos)
        except RefusedError as error:
            log.info("request_refused", status=error.status, kind=error.failure.kind.value)
            return await self._fail(armed, error.failure)
        except MaybeAcceptedError as error:
            log.warning("result_unknown", status=error.status)
            return await self._look_up(armed, server_error=error.status is not None and error.status >= 500)
        except TimeoutError:
            log.warning("result_unknown", reason="GENERATION_TIMEOUT")
            return await self._look_up(armed, server_error=False)
        # The stream is closed and its time limit gone: what was paid for may take as long as the database needs.
        return await self._end(armed, terminal)

    async def _listen(self, armed: Generation, photos: Sequence[PhotoFile]) -> CompletedEvent | FailedEvent:
        """Make the POST, show its events, and return the terminal one."""
        current = armed
        async with (
            asyncio.timeout(self.timeout),
            self.api.make_videos(photos, armed.prompt, armed.options) as events,
        ):
            async for event in events:
                if isinstance(event, CompletedEvent | FailedEvent):
                    return event
                state, note = on_status_word(current.state, event.word)
                log.info("stream_event", state=state.value)
                current = replace(current, state=state, note=note)
                # Written down later: a database that fails must neither cost the stream nor hold it.
                self.reporter.progress(current)
                self.progress_log.note(current)
        raise MaybeAcceptedError(Failure(FailureKind.LOST, charged=Charged.UNKNOWN))

    async def _end(self, current: Generation, event: CompletedEvent | FailedEvent) -> Generation:
        """Write down the terminal event; what is known of the money is held until the database takes it."""
        if isinstance(event, FailedEvent):
            return await self._fail(current, event.failure)
        if any(result.urls for result in event.results):
            now = self.clock.now()
            return await through_outages(
                self.clock.sleep, self.database.write, record, current, event.results, False, now
            )
        if any(result.succeeded or not (result.failed or result.status) for result in event.results):
            # Made, and not said where: the history may know, and soon, if it ever does.
            return await self._look_up(current, server_error=True)
        if any(not result.failed for result in event.results):
            # Still being made.
            return await self._look_up(current, server_error=False)
        return await self._fail(current, failure_of(event.results))

    async def _fail(self, current: Generation, failure: Failure) -> Generation:
        return await through_outages(self.clock.sleep, self.database.write, fail, current, failure, self.clock.now())

    async def _look_up(self, current: Generation, *, server_error: bool) -> Generation:
        now, unknown = self.clock.now(), {"charged": Charged.UNKNOWN.value, "server_error": server_error}
        return await through_outages(
            self.clock.sleep, self.database.write, move, current, State.RECONCILING, now, unknown
        )


def _wait(state: RetryCallState) -> float:
    """Seconds before the next attempt: what the service asked for, or 2, 4, 8, 16; each with some chance in it."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.retry_after if isinstance(error, NotAcceptedError) else None
    if asked is None:
        return wait_exponential_jitter(multiplier=2, max=30, jitter=2)(state)
    return min(asked + wait_random(0, 1)(state), LONGEST_WAIT_SECONDS)
