import json
from collections.abc import Callable
from unittest.mock import AsyncMock, Mock

import pytest
from sqlalchemy.exc import OperationalError
from telegram import Bot, Update
from telegram.ext import ApplicationBuilder, ExtBot, TypeHandler

from bot.handling import MOST_ATTEMPTS, UpdateHandler
from handlers.errors import Errors
from services.inbox import Arrived, Inbox, Turn
from services.messenger import Messenger
from services.texts import Texts

MESSAGE = {
    "update_id": 7,
    "message": {
        "message_id": 1,
        "date": 1,
        "text": "hello",
        "chat": {"id": 5, "type": "private", "first_name": "A"},
        "from": {"id": 5, "is_bot": False, "first_name": "A"},
    },
}
ARRIVED = Arrived(7, "5:5", json.dumps(MESSAGE))


class Bench:
    """A real application whose one handler fails as told; the inbox always says that it is the update's turn."""

    def __init__(self, failures: list[Exception]) -> None:
        self.failures = failures
        self.attempts = 0
        self.pauses: list[float] = []
        self.done: list[int] = []
        self.apologies = AsyncMock(spec=Messenger)
        errors = Errors(self.apologies, Texts("en"))
        self.application = ApplicationBuilder().bot(ExtBot("1:aa")).updater(None).build()
        self.application.add_handler(TypeHandler(Update, self._hear))
        self.application.add_error_handler(errors.handle)
        inbox = Mock(spec=Inbox)
        inbox.turn = AsyncMock(return_value=Turn.NOW)
        self.handler = UpdateHandler(self.application, inbox, self._forget, errors.was_cut_short, self._sleep)

    async def _hear(self, _update: Update, _context: object) -> None:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)

    async def _forget(self, update_id: int) -> None:
        self.done.append(update_id)

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def handle(self) -> None:
        self.application._initialized = True
        assert await self.handler.handle(ARRIVED)


@pytest.fixture
def bench() -> Callable[..., Bench]:
    return lambda *failures: Bench(list(failures))


def outage() -> Exception:
    return OperationalError("SELECT 1", None, Exception("database is locked"))


async def test_an_update_that_met_an_outage_is_handled_again_without_an_apology(bench: Callable[..., Bench]) -> None:
    here = bench(outage(), outage())
    await here.handle()
    assert (here.attempts, len(here.pauses), here.done) == (3, 2, [7])
    here.apologies.send.assert_not_awaited()


async def test_a_fault_of_ours_is_apologised_for_and_not_repeated(bench: Callable[..., Bench]) -> None:
    here = bench(ValueError("ours"))
    await here.handle()
    assert (here.attempts, here.pauses, here.done) == (1, [], [7])
    here.apologies.send.assert_awaited_once()


async def test_an_outage_without_end_does_not_hold_the_lane_for_ever(bench: Callable[..., Bench]) -> None:
    here = bench(*(outage() for _ in range(MOST_ATTEMPTS + 5)))
    await here.handle()
    assert (here.attempts, here.done) == (MOST_ATTEMPTS, [7])


async def test_what_cannot_be_understood_is_let_go(bench: Callable[..., Bench]) -> None:
    here = bench()
    assert isinstance(here.application.bot, Bot)
    here.application._initialized = True
    assert await here.handler.handle(Arrived(8, "5:5", json.dumps({"update_id": 8, "message": {"chat": 3}})))
    assert (here.attempts, here.done) == (0, [8])
