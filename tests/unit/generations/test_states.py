"""Runs over real rows, killed anywhere, cancelled, taken over: money, results and words hold in every order."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from services.generations.model import FINAL, Generation, State
from services.generations.store import RunOvertakenError
from tests.unit.generations.bench import bench
from tests.unit.generations.fates import Killed, Post, Send
from tests.unit.generations.verdicts import check_end, check_posts

T = TypeVar("T")

posts = st.lists(st.sampled_from(Post), max_size=3)
sends = st.lists(st.sampled_from(Send), max_size=4)
kills = st.none() | st.integers(0, 45)


class Runs(RuleBasedStateMachine):
    """Requests of several people, each with its own prompt."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.bench, self.close = self.do(bench(Path(self.folder.name)))
        self.known: list[str] = []
        self.kills: Counter[str] = Counter()
        self.frozen: list[Generation] = []

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        try:
            self.bench.fate.left = None
            for generation_id in self.known:
                self.finish(generation_id)
        finally:
            self.do(self.close())
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()
            self.folder.cleanup()

    @rule(target=ids, count=st.integers(1, 3))
    def place(self, count: int) -> str:
        generation_id = self.do(self.bench.place(f"p{len(self.known)}", count, user=len(self.known) + 1))
        self.known.append(generation_id)
        return generation_id

    @rule(generation_id=ids, outcomes=posts, sent=sends, kill=kills, fails=st.integers(0, 3))
    def run(self, generation_id: str, outcomes: list[Post], sent: list[Send], kill: int | None, fails: int) -> None:
        """A run, of a process that may die at any step."""
        self.bench.service.coming.clear()
        self.bench.service.coming.extend(outcomes)
        self.bench.chat.coming.clear()
        self.bench.chat.coming.extend(sent)
        self.bench.service.history_fails = fails
        self.bench.fate.left = kill
        try:
            self.do(self.bench.run(generation_id))
        except Killed:
            self.kills[generation_id] += 1
        self.bench.fate.left = None
        self.bench.boot()

    @rule(generation_id=ids)
    def freeze(self, generation_id: str) -> None:
        """A process stops in the middle of nothing and keeps what it knows."""
        taken = self.do(self.bench.take_untold(generation_id))
        if taken is not None:
            self.frozen.append(taken)

    @rule(state=st.sampled_from(State))
    def thaw(self, state: State) -> None:
        """It wakes up and goes on; if somebody else has taken the row since, it changes nothing."""
        for stale in self.frozen:
            now = self.do(self.bench.get(stale.id))
            if now.epoch == stale.epoch:
                continue
            for attempt in (
                self.bench.rows.arm(stale),
                self.bench.rows.move(stale, state),
                self.bench.rows.disarm(stale),
            ):
                with pytest.raises(RunOvertakenError):
                    self.do(attempt)
            assert self.do(self.bench.get(stale.id)) == now

    @rule(generation_id=ids)
    def cancel(self, generation_id: str) -> None:
        before = self.do(self.bench.get(generation_id))
        after = self.do(self.bench.rows.request_cancel(generation_id))
        assert after is not None
        if before.state in FINAL | {State.DELIVERING}:
            assert after == before

    @rule(seconds=st.sampled_from([1, 60, 4000]))
    def wait(self, seconds: int) -> None:
        self.do(self.bench.clock.sleep(seconds))

    @rule(generation_id=consumes(ids))
    def end(self, generation_id: str) -> None:
        """A process that lives brings it to its end."""
        self.finish(generation_id)

    def finish(self, generation_id: str) -> None:
        self.bench.service.coming.clear()
        self.bench.chat.coming.clear()
        self.bench.service.history_fails = 0
        self.do(self.bench.run(generation_id))
        self.do(check_end(self.bench, generation_id, self.kills[generation_id]))

    @invariant()
    def no_request_is_posted_after_one_that_may_stand(self) -> None:
        check_posts(self.bench)


Runs.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestRuns = Runs.TestCase
