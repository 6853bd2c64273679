"""What the tests of access stand on: a count of statements, and a sleep that is never asked for."""

from sqlalchemy import event

from services.store.database import Database


class Counted:
    """Counts what the database is asked."""

    def __init__(self, database: Database) -> None:
        self.statements: list[str] = []
        event.listen(database.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        self.statements.append(statement)


async def never(_seconds: float) -> None:
    raise AssertionError("nothing waits here")
