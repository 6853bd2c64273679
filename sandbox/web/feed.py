"""Numbered changes for the open pages: each page continues from the number it has seen."""

import json
import secrets
from collections import deque
from itertools import islice

from sandbox.botapi.model import JsonObject
from sandbox.signals import Signal

KEPT = 20_000
"""Changes that a page may have missed and still continue; one that missed more gets a snapshot."""


class Feed:
    """Everything that changed since the start, in order.

    Attributes:
        run: Names this run, so that a page of an earlier one starts afresh.
        number: Of the newest change, 0 before the first.
        closed: No more changes come.
    """

    def __init__(self) -> None:
        self.run = secrets.token_hex(8)
        self.number = 0
        self.closed = False
        self._changes: deque[str] = deque(maxlen=KEPT)
        self._signal = Signal()

    def publish(self, kind: str, change: JsonObject) -> None:
        """Add a change and wake all pages."""
        self.number += 1
        head: JsonObject = {"n": self.number, "t": kind}
        self._changes.append(json.dumps(head | change, ensure_ascii=False, separators=(",", ":")))
        self._signal.notify()

    def since(self, number: int) -> list[str] | None:
        """The changes after ``number`` as JSON; None when some of them are no longer kept."""
        missed = self.number - number
        if not 0 <= missed <= len(self._changes):
            return None
        return list(islice(self._changes, len(self._changes) - missed, None))

    async def wait(self, number: int) -> None:
        """Wait until there is something after ``number``, or the feed is closed."""
        while self.number == number and not self.closed:
            await self._signal.wait()

    def close(self) -> None:
        """Let all pages go."""
        self.closed = True
        self._signal.notify()
