"""How often one generation asks the database, from the photo to the video: a figure that grows unseen."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from services.generations import cancelling, worker
from services.store.engines import WRITE
from tests.acceptance.e2e.world import PATIENCE, World, world
from tests.pictures import jpeg

MOST_STATEMENTS = 43
MOST_COMMITS = 15
PROGRESS = "UPDATE generations SET state=?, note=? WHERE"


@dataclass
class Asked:
    """What the database was asked, without the beginnings and the ends of transactions."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0
    told: threading.Event = field(default_factory=threading.Event)
    """Set when the end was told and that was committed."""

    def execute(
        self, _connection: object, _cursor: object, statement: str, _values: object, _context: object, _many: object
    ) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            self.statements.append(" ".join(statement.split()))

    def commit(self, connection: Connection) -> None:
        if connection.get_execution_options().get(WRITE) is not None:
            self.commits += 1
            if any("SET final_shown_at" in statement for statement in self.statements):
                self.told.set()


@contextmanager
def asked() -> Iterator[Asked]:
    noted = Asked()
    event.listen(Engine, "before_cursor_execute", noted.execute)
    event.listen(Engine, "commit", noted.commit)
    try:
        yield noted
    finally:
        event.remove(Engine, "before_cursor_execute", noted.execute)
        event.remove(Engine, "commit", noted.commit)


async def generate(here: World) -> Asked:
    """One generation, until its end was told; what it asked of the database."""
    with asked() as noted:
        await here.anna.send_photo(jpeg(), caption="A boat at dawn")
        card = await here.ready_card()
        await here.press(card, "go")
        assert await asyncio.to_thread(noted.told.wait, PATIENCE)
    return noted


async def test_statements_and_commits_of_a_generation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one of the process; what is asked every few seconds anyway is not its own."""
    monkeypatch.setattr(worker, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(worker, "MEND_SECONDS", 3600.0)
    monkeypatch.setattr(cancelling, "ALONE_SECONDS", 3600.0)
    async with world(tmp_path) as here:
        await generate(here)
        noted = await generate(here)
    # Where a slow machine takes longer over the stream, it writes down more often where that stands.
    repeats = max(0, sum(statement.startswith(PROGRESS) for statement in noted.statements) - 1)
    assert len(noted.statements) - repeats <= MOST_STATEMENTS, "\n".join(noted.statements)
    assert noted.commits - repeats <= MOST_COMMITS
