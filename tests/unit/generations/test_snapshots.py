"""Looks at the history before requests are sent: seldom, and never in a request's way."""

import asyncio
from datetime import UTC, datetime

import pytest

from services.failures import Failure, FailureKind
from services.genaipro.events import NotAcceptedError, ResultPage, VideoResult
from services.generations import submit as module
from services.generations.matching import HistoryBefore
from services.generations.submit import BACK_OFF_SECONDS, FRESH_SECONDS, HistorySnapshots
from tests.hand_clock import HandClock

PAGE = ResultPage(
    [VideoResult("x", "a cat", (), False, False, "pending", datetime(2026, 1, 1, tzinfo=UTC))], 1, clock_offset=2.5
)


class History:
    """A history that counts its looks."""

    def __init__(self) -> None:
        self.answers: list[ResultPage | Exception | None] = []
        self.looks = 0

    async def recent_history(self) -> ResultPage | None:
        self.looks += 1
        answer = self.answers.pop(0) if self.answers else PAGE
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def snapshots(history: History, clock: HandClock) -> HistorySnapshots:
    return HistorySnapshots(history.recent_history, clock)


async def test_one_look_serves_requests_that_come_together(snapshots: HistorySnapshots, history: History) -> None:
    found = await asyncio.gather(*(snapshots.before(f"a cat {number}") for number in range(50)))
    assert found == [HistoryBefore.of(PAGE)] * 50
    assert history.looks == 1


async def test_it_is_looked_again_after_some_time_and_where_the_words_were_used_since(
    snapshots: HistorySnapshots, history: History, clock: HandClock
) -> None:
    await snapshots.before("a cat")
    await snapshots.before("a  cat")
    assert history.looks == 2
    await clock.sleep(FRESH_SECONDS + 1)
    await snapshots.before("a dog")
    assert history.looks == 3


async def test_an_old_look_is_known_to_be_one(snapshots: HistorySnapshots, history: History, clock: HandClock) -> None:
    assert (await snapshots.before("a cat")) == HistoryBefore.of(PAGE)
    history.answers = [None]
    again = await snapshots.before("a cat")
    assert again is not None
    assert (again.names, again.complete) == (HistoryBefore.of(PAGE).names, False)


async def test_a_history_that_fails_is_left_alone_for_a_while(
    snapshots: HistorySnapshots, history: History, clock: HandClock
) -> None:
    history.answers = [NotAcceptedError(Failure(FailureKind.GUARD), 403)]
    assert await snapshots.before("a cat") is None
    assert await snapshots.before("a dog") is None
    assert history.looks == 1
    await clock.sleep(BACK_OFF_SECONDS + 1)
    assert await snapshots.before("a cow") is not None


async def test_a_history_that_hangs_holds_a_request_for_a_moment_only(
    snapshots: HistorySnapshots, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs() -> ResultPage | None:
        await asyncio.Event().wait()
        return None

    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(snapshots, "recent_history", hangs)
    assert await snapshots.before("a cat") is None
