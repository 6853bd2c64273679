"""What the service does with the next request: one only, then everything works again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.genaipro import GenAIProServer
from sandbox.genaipro.script import Answer, End, Frame, Script

WORKS = "works"
_MINUTE = tuple(Frame(raw=": ping\n\n", delay=10.0) for _ in range(6))
SCRIPTS: dict[str, Script | None] = {
    WORKS: None,
    "safety": Script(error={"error": "UNSAFE_GENERATION: the request was refused", "code": 400}),
    "credits": Script(answer=Answer(402, {"error": "Insufficient credits: quota exceeded"})),
    "drops": Script(end=End.DROP, after=3, history_delay=3.0),
    "busy": Script(answer=Answer(503, {"error": "Service busy"}, {"Retry-After": "5"})),
    "minute": Script(extra=_MINUTE),
}
"""The page's choices by name."""


@dataclass(slots=True)
class NextRequest:
    """The choice that stands, of which the next request takes note.

    Attributes:
        changed: Called with each new choice.
    """

    service: GenAIProServer
    changed: Callable[[str], None]
    choice: str = WORKS

    def choose(self, choice: str) -> None:
        """Choose for the next request.

        Raises:
            LookupError: There is no such choice.
        """
        self.service.replace(SCRIPTS[choice])
        self._set(choice)

    async def watch(self) -> None:
        """Go back to what works as soon as a request has taken the choice; runs until cancelled."""
        while True:
            await self.service.until(lambda: self.choice != WORKS and not self.service.enqueued)
            self._set(WORKS)
            await asyncio.sleep(0)

    def _set(self, choice: str) -> None:
        self.choice = choice
        self.changed(choice)
