"""The bot's SQLite file, as another process meets it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

NAME = "pho2video.sqlite3"


@contextmanager
def reading(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """A connection that can only read. Readers wait for nobody."""
    with closing(sqlite3.connect(f"{(data_dir / NAME).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


@contextmanager
def writing(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose every statement is committed."""
    with closing(sqlite3.connect(data_dir / NAME, timeout=10, isolation_level=None)) as connection:
        yield connection


@contextmanager
def held(data_dir: Path, how: str = "EXCLUSIVE") -> Iterator[None]:
    """Another process writes, and does not come to an end; with ``IMMEDIATE`` others can read meanwhile."""
    with writing(data_dir) as connection:
        connection.execute(f"BEGIN {how}")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
