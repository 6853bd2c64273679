"""What the tests of access stand on: a clock that is set by hand, and a count of statements."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import event

from services.store.database import Database


class ManualClock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 30, 10, 0, tzinfo=UTC)
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        self.pass_(seconds)

    def pass_(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


class Counted:
    """Counts what the database is asked."""

    def __init__(self, database: Database) -> None:
        self.statements: list[str] = []
        event.listen(database.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        self.statements.append(statement)


async def never(_seconds: float) -> None:
    raise AssertionError("nothing waits here")
