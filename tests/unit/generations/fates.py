"""What runs meet in tests: a fate that kills them, and an API, a history and a chat that do what they are told.

``Fate`` kills at a chosen step: before or after any commit, POST, event, send or word to the person.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto
from pathlib import Path, PurePath
from typing import Self, TypeVar, TypeVarTuple

from sqlalchemy.orm import Session

from services.delivery.errors import (
    SendForbiddenError,
    SendNotSentError,
    SendRefusedError,
    SendUnknownError,
    VideoProblem,
)
from services.delivery.facts import VideoFacts
from services.delivery.plan import Prepared, Way
from services.delivery.send import Outgoing, SentVideo
from services.failures import Charged, Failure, FailureKind
from services.genaipro.events import (
    CompletedEvent,
    FailedEvent,
    MaybeAcceptedError,
    NotAcceptedError,
    RefusedError,
    ResultPage,
    StatusEvent,
    StreamEvent,
    VideoResult,
)
from services.generations.model import Generation
from services.options import Shape, VideoOptions
from services.photos.model import PhotoFile, PhotoRef
from services.screens import Place
from services.store.database import Database
from services.store.threads import Threads
from tests.hand_clock import HandClock
from tests.unit.generations.rows import Rows

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Killed(BaseException):
    """The process died here."""


class Fate:
    """Kills at the step that was chosen, if one was."""

    def __init__(self) -> None:
        self.left: int | None = None

    def step(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise Killed


class MortalDatabase(Database):
    """The database of a process that may die before and after each commit."""

    fate: Fate

    def on_the_spot(self) -> Self:
        """The same without threads, on a database that nobody else has."""
        self._readers = self._writers = OnTheSpot()
        return self

    async def write(
        self, work: Callable[[Session, *Ts], T], *args: *Ts, durable: bool = True, urgent: bool = False
    ) -> T:
        def mortal(session: Session, *rest: *Ts) -> T:
            result = work(session, *rest)
            session.flush()
            self.fate.step()
            return result

        self.fate.step()
        result = await super().write(mortal, *args, durable=False)
        self.fate.step()
        return result


class OnTheSpot(Threads):
    """No threads: one transaction after the other, each where others may come in between, at half the cost."""

    def __init__(self) -> None:
        super().__init__("none", 0)

    async def run(self, call: Callable[[], T], *, urgent: bool = False) -> T:
        await asyncio.sleep(0)
        return call()

    async def close(self, seconds: float) -> bool:
        return True


class Post(Enum):
    """What becomes of a POST."""

    COMPLETED = auto()
    ERROR_EVENT = auto()
    CUT = auto()
    SERVER_ERROR = auto()
    ACCEPTED_SERVER_ERROR = auto()
    REFUSED = auto()
    BUSY = auto()

    @property
    def is_accepted(self) -> bool:
        return self in {Post.COMPLETED, Post.CUT, Post.ACCEPTED_SERVER_ERROR}

    @property
    def may_be_accepted(self) -> bool:
        return self not in {Post.BUSY, Post.REFUSED}


class Send(Enum):
    """What becomes of a send."""

    OK = auto()
    REFUSED = auto()
    NOT_SENT = auto()
    FORBIDDEN = auto()
    LOST_ARRIVED = auto()
    LOST_NOT_ARRIVED = auto()


def film(prompt: str, number: int) -> str:
    return f"https://films.example/{prompt}/{number}.mp4"


class Service:
    """GenAIPro: the paid call and the history."""

    def __init__(self, fate: Fate, clock: HandClock) -> None:
        self._fate = fate
        self._clock = clock
        self.coming: deque[Post] = deque()
        self.posts: list[tuple[str, Post]] = []
        self.objects: list[VideoResult] = []
        self.history_fails = 0
        self.tall = 0
        self.spares = True
        self.skew = 0.0
        self.told: float | None = 0.0
        self.rate_limit = self

    @asynccontextmanager
    async def make_videos(
        self, photos: Sequence[PhotoFile], prompt: str, options: VideoOptions
    ) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        self._fate.step()
        outcome = self.coming.popleft() if self.coming else Post.COMPLETED
        self.posts.append((prompt, outcome))
        self.tall += options.shape is Shape.TALL
        if outcome.is_accepted:
            self._make(prompt, options.count)
        self._fate.step()
        if outcome is Post.BUSY:
            raise NotAcceptedError(Failure(FailureKind.BUSY), 429)
        if outcome is Post.REFUSED:
            raise RefusedError(Failure(FailureKind.REJECTED), 400)
        if outcome in {Post.SERVER_ERROR, Post.ACCEPTED_SERVER_ERROR}:
            raise MaybeAcceptedError(Failure(FailureKind.SERVICE, charged=Charged.UNKNOWN), 502)
        yield self._events(outcome)

    async def _events(self, outcome: Post) -> AsyncIterator[StreamEvent]:
        for word in ("starting", "odd", "processing"):
            self._fate.step()
            yield StatusEvent(word)
        if outcome is Post.CUT:
            raise MaybeAcceptedError(Failure(FailureKind.LOST, charged=Charged.UNKNOWN), 200)
        if outcome is Post.ERROR_EVENT:
            yield FailedEvent(Failure(FailureKind.SAFETY))
        yield CompletedEvent((self.objects[-1],))

    def _make(self, prompt: str, count: int) -> None:
        urls = tuple(film(f"{prompt}-{len(self.objects)}", number) for number in range(count))
        self.objects.append(
            VideoResult(f"id-{len(self.objects)}", prompt, urls, True, False, "completed", self._time())
        )

    def _time(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self.skew)

    def rename(self, number: int) -> None:
        """The history knows an object by other names than the stream did."""
        item = self.objects[number]
        urls = tuple(f"{url}?again" for url in item.urls)
        self.objects[number] = replace(item, id=f"{item.id}-again", urls=urls)

    async def histories(self, page: int = 1, page_size: int = 20) -> ResultPage:
        self._fate.step()
        if self.history_fails:
            self.history_fails -= 1
            raise NotAcceptedError(Failure(FailureKind.SERVICE), 500)
        return self._page(page, page_size)

    def _page(self, page: int, page_size: int) -> ResultPage:
        newest = self.objects[::-1]
        part = newest[(page - 1) * page_size : page * page_size]
        return ResultPage(part, -(-len(newest) // page_size), self.told)

    async def recent_history(self) -> ResultPage | None:
        self._fate.step()
        return self._page(1, 20) if self.spares else None

    async def wait(self) -> None:
        """The own limit on calls: none."""

    async def spare(self) -> bool:
        return True

    async def hold(self, seconds: float) -> None:
        """The own limit on calls: none."""


class Chat:
    """Telegram: photos in, videos and words out."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self.coming: deque[Send] = deque()
        self.arrived: list[tuple[str, str]] = []
        self.lost = 0
        self.told: list[Generation] = []
        self.rows: Rows

    async def fetch(self, ref: PhotoRef, directory: Path, position: int) -> PhotoFile:
        self._fate.step()
        path = directory / f"{position}.jpg"
        path.write_bytes(b"photo")
        return PhotoFile.of(path, "image/jpeg")

    async def prepare(self, url: str, directory: Path, index: int, *_waiting: object) -> Prepared:
        path = directory / f"{index}.mp4"
        path.write_bytes(b"film")
        if url.endswith("gone"):
            return Prepared(index, url, Way.LINK, problem=VideoProblem.GONE)
        return Prepared(index, url, Way.URL, path, 4, VideoFacts(16, 9, 8))

    @asynccontextmanager
    async def uploading(self, _place: Place, _sleep: object) -> AsyncIterator[None]:
        yield

    async def send(self, place: Place, videos: Sequence[Outgoing], caption: str = "") -> list[SentVideo]:
        self._fate.step()
        outcome = self.coming.popleft() if self.coming else Send.OK
        if outcome in {Send.OK, Send.LOST_ARRIVED}:
            # Addresses and files both end with the position.
            self.arrived += [(caption, PurePath(video.source).stem) for video in videos]
        if outcome is Send.LOST_ARRIVED:
            self.lost += 1
        self._fate.step()
        if outcome in {Send.LOST_ARRIVED, Send.LOST_NOT_ARRIVED}:
            raise SendUnknownError
        if outcome is Send.REFUSED:
            raise SendRefusedError("no")
        if outcome is Send.FORBIDDEN:
            raise SendForbiddenError
        if outcome is Send.NOT_SENT:
            raise SendNotSentError("no")
        return [SentVideo(number, f"sent-{number}") for number, _ in enumerate(videos)]

    async def has_answer(self) -> bool:
        return True

    def progress(self, generation: Generation) -> None:
        pass

    async def overtaken(self, generation: Generation) -> None:
        pass

    async def end(self, generation: Generation) -> None:
        self._fate.step()
        self.told.append(generation)
        self._fate.step()
        await self.rows.mark_final_shown(generation.id)
