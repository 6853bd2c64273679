"""Faults on request: answers that fail, come late or never, on the next calls of a method."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

from sandbox.botapi.errors import ApiError
from sandbox.botapi.params import Call


def error_page(status: int) -> str:
    """What a web server says in the place of the Bot API."""
    title = f"{status} {HTTPStatus(status).phrase}"
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )


class FaultKind(StrEnum):
    """What goes wrong."""

    ERROR = "error"
    """The call is refused; ``after`` = although it had its effect."""
    DROP = "drop"
    """The connection is cut; ``after`` says whether the call had its effect first."""
    DELAY = "delay"
    """The answer takes ``seconds`` longer; ``after`` says whether the effect comes first."""
    HTML = "html"
    """A web server's error page instead of JSON: 413, or another ``status``; ``after`` as with ERROR."""
    HOLD = "hold"
    """The call waits until it is released; ``after`` says whether the effect comes first. See ``Watch.held``."""


@dataclass(slots=True)
class Fault:
    """A fault that is waiting for its calls.

    Attributes:
        method: The method's proper name, or ``*``.
        kind: What goes wrong.
        chat_id: Only calls for that chat; None = any.
        times: How many calls are hit.
        after: See ``FaultKind``.
        status: Of an ERROR (400) or HTML (413).
        description: Of an ERROR.
        retry_after: Seconds, of an ERROR 429.
        migrate_to: Chat id, of an ERROR.
        seconds: Of a DELAY.
        skip: How many calls pass unharmed first.
        spare: Methods that ``*`` does not mean.
        held: How many calls a HOLD has kept waiting so far.
    """

    method: str
    kind: FaultKind
    chat_id: int | None = None
    times: int = 1
    after: bool = False
    status: int = 400
    description: str = ""
    retry_after: int | None = None
    migrate_to: int | None = None
    seconds: float = 0.0
    skip: int = 0
    spare: Collection[str] = ()
    held: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def error(self) -> ApiError:
        """The refusal that an ERROR is."""
        text = self.description
        if not text:
            text = f"Too Many Requests: retry after {self.retry_after}" if self.status == 429 else "Bad Request"
        return ApiError(self.status, text, retry_after=self.retry_after, migrate_to=self.migrate_to)


class FaultBoard:
    """All faults that are still to come."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self.holding: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Ask for a fault."""
        self.waiting.append(fault)
        return fault

    def take(self, call: Call) -> Fault | None:
        """The fault that hits this call, if one does; it is counted."""
        for fault in self.waiting:
            chat_id = call.params.get("chat_id")
            named = fault.method == call.method or (fault.method == "*" and call.method not in fault.spare)
            if not named or fault.chat_id not in {None, chat_id}:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.waiting.remove(fault)
            if fault.kind is FaultKind.HOLD and fault not in self.holding:
                self.holding.append(fault)
            return fault
        return None

    def release(self) -> None:
        """Let all calls go that are held."""
        for fault in self.holding:
            fault.released.set()
        self.holding.clear()

    def clear(self) -> None:
        """Forget all faults and let held calls go."""
        self.waiting.clear()
        self.release()
