"""What the tests of runs stand on: real rows, and an API, a history and a chat that do what they are told.

``Fate`` kills a run at a chosen step: before or after any commit, POST, event, send or word to the person.
"""

import asyncio
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path, PurePath

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncSession

from services.changes import Changes
from services.delivery.errors import SendForbiddenError, SendNotSentError, SendRefusedError, SendUnknownError
from services.delivery.plan import Limits as SendLimits
from services.delivery.plan import Way
from services.delivery.prepare import Prepared, VideoProblem
from services.delivery.probe import VideoFacts
from services.delivery.send import Outgoing, SentVideo
from services.failures import Charged, Failure, FailureKind
from services.genaipro.errors import MaybeAcceptedError, NotAcceptedError, RefusedError
from services.genaipro.events import (
    CompletedEvent,
    FailedEvent,
    HistoryPage,
    StatusEvent,
    StreamEvent,
    VideoResult,
)
from services.generations.cancelling import CancelScopes
from services.generations.deliver import Deliverer
from services.generations.model import Generation, Order, Placed
from services.generations.queue import Limits, Queue
from services.generations.reconcile import Patience, Reconciler
from services.generations.repository import GenerationRows
from services.generations.results import Results
from services.generations.sending import Means
from services.generations.submit import Submitter, Timing
from services.generations.workflow import Workflow
from services.photos.model import PhotoFile, PhotoKind, PhotoRef
from services.screens import Place
from services.store.database import Database, open_database
from services.workspace import Workspace

PHOTO = PhotoRef("file", "unique", PhotoKind.PHOTO, 1000)


class Killed(BaseException):
    """The process died here."""


class HandClock:
    """Time that only moves when somebody sleeps, or by hand."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 30, 10, tzinfo=UTC) + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    async def sleep(self, seconds: float) -> None:
        self._seconds += seconds
        await asyncio.sleep(0)

    def tick(self) -> None:
        self._seconds += 1


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

    @asynccontextmanager
    async def write(self, *, hurry: bool = False) -> AsyncIterator[AsyncSession]:
        self.fate.step()
        async with super().write(hurry=hurry) as session:
            yield session
            self.fate.step()
        self.fate.step()


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

    @asynccontextmanager
    async def ingredients_to_video(
        self, photos: Sequence[PhotoFile], prompt: str, count: int
    ) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        self._fate.step()
        outcome = self.coming.popleft() if self.coming else Post.COMPLETED
        self.posts.append((prompt, outcome))
        if outcome.is_accepted:
            self._make(prompt, count)
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
            VideoResult(f"id-{len(self.objects)}", prompt, urls, True, False, "completed", self._clock.now())
        )

    async def histories(self, page: int = 1, page_size: int = 20) -> HistoryPage:
        self._fate.step()
        if self.history_fails:
            self.history_fails -= 1
            raise NotAcceptedError(Failure(FailureKind.SERVICE), 500)
        newest = self.objects[::-1]
        return HistoryPage(newest[(page - 1) * page_size : page * page_size], page, -(-len(newest) // page_size))

    async def wait(self) -> None:
        """The own limit on calls: none."""


class Chat:
    """Telegram: photos in, videos and words out."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self.coming: deque[Send] = deque()
        self.arrived: list[tuple[str, str]] = []
        self.lost = 0
        self.told: list[Generation] = []
        self.rows: GenerationRows

    async def fetch(self, ref: PhotoRef, directory: Path, position: int) -> PhotoFile:
        self._fate.step()
        path = directory / f"{position}.jpg"
        path.write_bytes(b"photo")
        return PhotoFile(path, path.name, "image/jpeg")

    async def prepare(self, url: str, directory: Path, index: int) -> Prepared:
        path = directory / f"{index}.mp4"
        path.write_bytes(b"film")
        if url.endswith("gone"):
            return Prepared(index, url, Way.LINK, problem=VideoProblem.GONE)
        return Prepared(index, url, Way.URL, path, 4, VideoFacts(16, 9, 8))

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

    def progress(self, generation: Generation) -> None:
        pass

    def forget(self, generation_id: str) -> None:
        pass

    async def correct(self, generation_id: str) -> None:
        pass

    async def end(self, generation: Generation) -> None:
        self._fate.step()
        self.told.append(generation)
        self._fate.step()
        await self.rows.mark_final_shown(generation.id)


class NoAlarm:
    """Admins who need not be told."""

    async def raise_for(self, failure: Failure) -> None:
        pass


@dataclass
class Bench:
    """Everything around one workflow, on one database."""

    database: MortalDatabase
    limits: Limits = field(default_factory=lambda: Limits(1000, 1000, 1000, 0))
    reconcile_timeout: float = 600.0
    generation_timeout: float = 1800.0

    def __post_init__(self) -> None:
        self.clock, self.fate = HandClock(), Fate()
        self.database.fate = self.fate
        self.rows = GenerationRows(self.database, self.clock)
        self.results = Results(self.database, self.clock)
        self.service = Service(self.fate, self.clock)
        self.chat = Chat(self.fate)
        self.chat.rows = self.rows
        self._folder = tempfile.TemporaryDirectory()
        self._ids = 0
        self.changes = Changes(self.database, self.clock.sleep)
        self.queue = Queue(self.database, self.clock, self.limits, self._next, self.changes)
        self.boot()

    def boot(self) -> None:
        """Start a new process on the same rows: whatever was in memory is gone."""
        self.scopes = CancelScopes()
        workspace = Workspace(Path(self._folder.name))
        timing = Timing(self.generation_timeout, self.clock.sleep)
        patience = Patience(15.0, self.reconcile_timeout, self.clock.sleep)
        self.submitter = Submitter(
            self.rows, self.results, self.service, self.service, self.chat, workspace, self.chat, timing
        )
        self.reconciler = Reconciler(self.rows, self.results, self.service, self.chat, self.clock, patience)
        self.deliverer = Deliverer(
            self.rows,
            self.results,
            self.chat,  # type: ignore[arg-type]
            workspace,
            self.chat,
            Means(
                sender=self.chat,  # type: ignore[arg-type]
                limits=SendLimits(20_000_000, 50_000_000),
                move_chat=self._nowhere,
                sleep=self.clock.sleep,
                random=lambda: 0.5,
            ),
        )
        self.workflow = Workflow(
            self.rows,
            self.submitter,
            self.reconciler,
            self.deliverer,
            self.scopes,
            self.chat,
            NoAlarm(),
            lambda: None,
            self.clock.sleep,
        )

    async def place(self, prompt: str = "a cat", count: int = 1, user: int = 1, key: str = "") -> str:
        """Place an order and give it its turn."""
        generation_id = await self.queued(prompt, count, user, key)
        await self.rows.set_status_message(await self.get(generation_id), 7)
        await self.queue.start_next()
        return generation_id

    async def queued(self, prompt: str = "a cat", count: int = 1, user: int = 1, key: str = "") -> str:
        """Place an order."""
        order = Order(key or f"key-{self._ids}", user, None, user, "en", 5, None, prompt, count, (PHOTO,))
        async with self.database.write() as session:
            placed = await self.queue.place(session, order)
        assert isinstance(placed, Placed)
        return placed.generation_id

    async def get(self, generation_id: str) -> Generation:
        found = await self.rows.get(generation_id)
        assert found is not None
        return found

    async def run(self, generation_id: str) -> Generation:
        """One run, to its end."""
        current = await self.workflow.begin(generation_id)
        while current is not None:
            current = await self.workflow.advance(current)
        return await self.get(generation_id)

    def close(self) -> None:
        self._folder.cleanup()

    def _next(self) -> str:
        self._ids += 1
        return f"g{self._ids}"

    async def _nowhere(self, _old: int, _new: int) -> None:
        return None


async def bench(folder: Path) -> tuple[Bench, Callable[[], Coroutine[None, None, None]]]:
    """A bench on a database of its own, and how to put it away."""
    real = await open_database(f"sqlite:///{folder / 'bench.sqlite3'}")

    @event.listens_for(real.engine.sync_engine, "connect")
    def trust_the_disk(connection: DBAPIConnection, _record: object) -> None:
        connection.cursor().execute("PRAGMA synchronous=OFF")

    await real.engine.dispose()
    made = Bench(MortalDatabase(real.engine))

    async def close() -> None:
        made.close()
        await real.close()

    return made, close
