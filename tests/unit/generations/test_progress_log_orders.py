"""A run, its log and others who move the row, in any order: the row never goes back and ends as the newest says."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import TypeVar, TypeVarTuple

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from services.clock import Clock
from services.generations.model import WORDS, Generation, Order, State, on_status_word, rank
from services.generations.progress import ProgressLog
from services.generations.store import RunOvertakenError, insert
from services.options import VideoOptions
from services.store.database import Database
from tests.unit.generations.bench import PHOTO, take_over
from tests.unit.generations.rows import Rows

_IDS = count()


@dataclass(frozen=True)
class Word:
    """The stream says something."""

    word: str


@dataclass(frozen=True)
class Write:
    """The log begins to write; the next steps come meanwhile."""

    fails: bool = False


@dataclass(frozen=True)
class Wait:
    """What the log writes is through."""


@dataclass(frozen=True)
class Move:
    """The run goes on to something that the log does not write."""

    state: State


@dataclass(frozen=True)
class Overtake:
    """Another run takes the row."""


Step = Word | Write | Wait | Move | Overtake
LATER = (State.RECONCILING, State.DELIVERING, State.DONE, State.FAILED, State.CANCELLED)
STEPS = st.lists(
    st.one_of(
        st.builds(Word, st.sampled_from([*WORDS, "odd", "odder"])),
        st.builds(Write, st.booleans()),
        st.just(Wait()),
        st.builds(Move, st.sampled_from(LATER)),
        st.just(Overtake()),
    ),
    max_size=12,
)


T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@dataclass(frozen=True)
class FailingWrites:
    """The log's own way to the database, on which a commit fails when it is told to."""

    database: Database
    fails: Callable[[], bool]

    async def write(self, work: Callable[[Session, *Ts], T], *args: *Ts, durable: bool = True) -> T:
        def failing(session: Session, *rest: *Ts) -> T:
            result = work(session, *rest)
            if self.fails():
                raise OperationalError("no", {}, OSError("gone"))
            return result

        return await self.database.write(failing, *args, durable=durable)


class Play:
    """One generation, and what becomes of it."""

    def __init__(self, database: Database, run: Generation) -> None:
        self._rows = Rows(database, Clock())
        self._log = ProgressLog(FailingWrites(database, self._fails), Clock())  # type: ignore[arg-type]
        self._stream = run
        self._writing: asyncio.Task[None] | None = None
        self._left_as: tuple[State, str] | None = None
        self._fail = False
        self._rank = rank(run.state)

    async def all(self, steps: list[Step]) -> None:
        """Go through the steps, and then write what is left."""
        for step in [*steps, Write()]:
            await self._do(step)
            # Reading it lets the log go on, too.
            await self._look()
        await self._written()
        assert await self._look() == (self._left_as or (self._stream.state, self._stream.note))

    async def _do(self, step: Step) -> None:
        match step:
            case Word(word):
                state, note = on_status_word(self._stream.state, word)
                self._stream = replace(self._stream, state=state, note=note)
                self._log.note(self._stream)
            case Write(fails):
                await self._written()
                self._fail = fails
                self._writing = asyncio.create_task(self._log.write())
            case Wait():
                await self._written()
            case Move(state):
                with suppress(RunOvertakenError):
                    moved = await self._rows.move(self._stream, state, "moved")
                    self._left_as = moved.state, moved.note
            case Overtake():
                taken = await take_over(self._rows, self._stream.id)
                assert taken is not None
                self._left_as = taken.state, taken.note

    async def _written(self) -> None:
        if self._writing is not None:
            await self._writing
        self._fail = False

    async def _look(self) -> tuple[State, str]:
        row = await self._rows.get(self._stream.id)
        assert row is not None
        assert rank(row.state) >= self._rank
        self._rank = rank(row.state)
        return row.state, row.note

    def _fails(self) -> bool:
        fails, self._fail = self._fail, False
        return fails


async def running(database: Database) -> Generation:
    number, clock = next(_IDS), Clock()
    order = Order(f"key-{number}", 1, None, 1, "en", 5, 7, "a cat", VideoOptions(), (PHOTO,))
    await database.write(insert, f"g{number}", order, clock.now(), durable=False)
    rows = Rows(database, clock)
    run = await take_over(rows, f"g{number}")
    assert run is not None
    return await rows.move(run, State.SUBMITTING)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
@example(steps=[Word("starting"), Write(fails=True), Word("processing"), Wait()])
@example(steps=[Word("odd"), Write(fails=True), Wait()])
@example(steps=[Word("processing"), Write(), Move(State.CANCELLED), Wait()])
@example(steps=[Word("processing"), Overtake(), Word("odd")])
async def test_a_row_never_goes_back_and_ends_as_the_newest_says(each_database: Database, steps: list[Step]) -> None:
    await Play(each_database, await running(each_database)).all(steps)
