"""What the tests of runs stand on: real rows and the real phases between the services of ``fates``."""

import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from services.changes import Changes
from services.failures import Failure
from services.generations import store
from services.generations.cancelling import CancelScopes
from services.generations.deliver import Deliverer, Sending
from services.generations.model import Generation, Lease, Order, Placed
from services.generations.progress import ProgressLog
from services.generations.queue import Limits, Queue
from services.generations.reconcile import Reconciler
from services.generations.submit import HistorySnapshots, Submitter
from services.generations.worker import Runner
from services.options import Shape, VideoOptions
from services.photos.model import PhotoKind, PhotoRef
from services.store.database import open_database
from services.temp_dirs import TempDirs
from tests.hand_clock import HandClock
from tests.unit.generations.fates import Chat, Fate, MortalDatabase, Service
from tests.unit.generations.rows import Results, Rows

PROCESS = "a process"
PHOTO = PhotoRef("file", "unique", PhotoKind.PHOTO, 1000)


@dataclass(repr=False)  # what asyncio would ask for at the end of each fixture, and takes milliseconds
class Bench:
    """Everything around one runner, on one database."""

    database: MortalDatabase
    limits: Limits = field(default_factory=lambda: Limits(1000, 1000, 1000, 0))
    reconcile_timeout: float = 600.0
    generation_timeout: float = 1800.0

    def __post_init__(self) -> None:
        self.clock, self.fate = HandClock(), Fate()
        self.database.fate = self.fate
        self.rows = Rows(self.database, self.clock)
        self.results = Results(self.database, self.clock)
        self.service = Service(self.fate, self.clock)
        self.chat = Chat(self.fate)
        self.chat.rows = self.rows
        self._folder = tempfile.TemporaryDirectory()
        self._ids = 0
        self.changes = Changes(self.database, self.clock)
        self.queue = Queue(self.database, self.clock, self.limits, self._next, self.changes)
        self.boot()

    def boot(self) -> None:
        """Start a new process on the same rows: whatever was in memory is gone."""
        self._claimed: dict[str, Generation] = {}
        self.scopes = CancelScopes(self.database, self.changes)
        temp_dirs = TempDirs(Path(self._folder.name))
        self.log = ProgressLog(self.database, self.clock)
        snapshots = HistorySnapshots(self.service.recent_history, self.clock)
        self.submitter = Submitter(
            self.database,
            self.service,  # type: ignore[arg-type]
            snapshots,
            self.chat.fetch,
            temp_dirs,
            self.chat,
            self.log,
            self.clock,
            self.generation_timeout,
        )
        self.reconciler = Reconciler(
            self.database, self.service.histories, self.chat, self.clock, 15.0, self.reconcile_timeout, self._nobody
        )
        chat: Any = self.chat
        sending = partial(Sending, self.database, chat, 50_000_000, self._nowhere, self.clock, lambda: 0.5)
        self.deliverer = Deliverer(
            self.database, chat, temp_dirs, chat, chat, sending, self.clock, self.reconciler.another_address
        )
        self.runner = Runner(
            self.database,
            self.submitter,
            self.reconciler,
            self.deliverer,
            self.scopes,
            self.chat,
            self._admins,
            self.clock,
        )

    async def place(
        self, prompt: str = "a cat", count: int = 1, user: int = 1, key: str = "", shape: Shape = Shape.WIDE
    ) -> str:
        """Place an order and give it its turn."""
        generation_id = await self.queued(prompt, count, user, key, shape)
        await self.rows.set_status_message(await self.get(generation_id), 7)
        await self.claim()
        return generation_id

    async def begun(self, prompt: str, user: int) -> Generation:
        """Place an order, give it its turn and take it, in two transactions in place of five."""

        def place(session: Session) -> str:
            placed = self.queue.place(session, _order(f"key-{self._ids}", user, prompt))
            assert isinstance(placed, Placed)
            generation = store.load(session, placed.generation_id)
            assert generation is not None
            store.set_status_message(session, generation, 7)
            return placed.generation_id

        generation_id = await self.database.write(place)
        await self.claim()
        return self._claimed.pop(generation_id)

    async def claim(self) -> list[str]:
        """Give turns; returns whose."""
        claimed = (await self.queue.claim_next(PROCESS)).generations
        self._claimed |= {one.id: one for one in claimed}
        return [one.id for one in claimed]

    async def queued(
        self, prompt: str = "a cat", count: int = 1, user: int = 1, key: str = "", shape: Shape = Shape.WIDE
    ) -> str:
        """Place an order."""
        order = _order(key or f"key-{self._ids}", user, prompt, count, shape)
        placed = await self.database.write(self.queue.place, order)
        assert isinstance(placed, Placed)
        return placed.generation_id

    async def get(self, generation_id: str) -> Generation:
        found = await self.rows.get(generation_id)
        assert found is not None
        return found

    async def run(self, generation_id: str) -> Generation:
        """One run, to its end."""
        current = self._claimed.pop(generation_id, None) or await take_over(self.rows, generation_id)
        while current is not None:
            current = await self.runner.advance(current)
        return await self.get(generation_id)

    async def take(self, generation_id: str) -> Generation:
        """Start a run, which overtakes every earlier one."""
        taken = await self.take_untold(generation_id)
        assert taken is not None
        return taken

    async def take_untold(self, generation_id: str) -> Generation | None:
        """The same, or None where the end was told already."""
        self._claimed.pop(generation_id, None)
        return await take_over(self.rows, generation_id)

    def close(self) -> None:
        self._folder.cleanup()

    def _next(self) -> str:
        self._ids += 1
        return f"g{self._ids}"

    def _nobody(self, _failure: Failure) -> None:
        """Admins who need not be told of what a look-up meets."""

    async def _admins(self, _failure: Failure) -> None:
        """The same of an end."""

    async def _nowhere(self, _old: int, _new: int) -> None:
        return None


def _order(key: str, user: int, prompt: str, count: int = 1, shape: Shape = Shape.WIDE) -> Order:
    return Order(key, user, None, user, "en", 5, None, prompt, VideoOptions(count, shape), (PHOTO,))


async def take_over(rows: Rows, generation_id: str) -> Generation | None:
    """Take a generation over as it is now, as another process does."""
    row = await rows.get(generation_id)
    return None if row is None else await rows.take_over(Lease(row.id, row.epoch, None), PROCESS)


async def bench(folder: Path) -> tuple[Bench, Callable[[], Coroutine[None, None, None]]]:
    """A bench on a database of its own, and how to put it away."""
    real = await open_database(f"sqlite:///{folder / 'bench.sqlite3'}")
    made = Bench(MortalDatabase(real.engine).on_the_spot())

    async def close() -> None:
        made.close()
        await made.database.close()
        await real.close()

    return made, close
