"""The job engine's SQLite file, on every SQLite; once it is made it is never made anew.

It does not wait for the disk with each commit, as the bot's own file does. A loss of power may take its last records
with it, and costs nothing: jobs of an earlier process are only ever taken up anew, by what the rows of generations say.

On Python 3.12 and newer the engine asks for ``unixepoch('subsec')``, which SQLite knows since 3.42; Debian 12, and
images made from it, bring 3.40. Sources: ``dbos/_migration.py`` 3.4; SQLite's pages on date and time functions and on
``PRAGMA synchronous``.
"""

import sqlite3
import time
from typing import Any

from services.store.sqlite_file import refuse_if_gone

SUBSEC_SINCE = (3, 42, 0)


class JobsConnection(sqlite3.Connection):
    """A connection to a file that is there, and that knows ``unixepoch('subsec')``, whatever the age of the library."""

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed through
        if database != ":memory:":
            refuse_if_gone(database)
        super().__init__(database, *args, **kwargs)
        self.execute("PRAGMA synchronous=NORMAL")
        if sqlite3.sqlite_version_info < SUBSEC_SINCE:
            self.create_function("unixepoch", 1, _unixepoch)


def _unixepoch(modifier: str) -> float | None:
    """Seconds since 1970 to the millisecond, as the newer function says."""
    return round(time.time(), 3) if modifier == "subsec" else None
