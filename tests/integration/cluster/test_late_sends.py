"""A video whose turn comes when another process has long gone on with it, because this one stood still."""

from collections.abc import Sequence

import pytest

from services.clock import Clock
from services.delivery.plan import Prepared, Way
from services.delivery.send import Outgoing, SentVideo
from services.genaipro.events import VideoResult
from services.generations.deliver import Sending
from services.generations.model import Generation, Lease, Order
from services.generations.store import RunOvertakenError, insert
from services.options import VideoOptions
from services.outbox.calls import said
from services.screens import Place
from services.store.database import Database
from tests.unit.generations.bench import PHOTO, take_over
from tests.unit.generations.rows import Results, Rows

ITEM = Prepared(0, "https://example.com/1.mp4", Way.URL)


class SlowChat:
    """A chat whose turn comes after another process took the generation over, or after nothing happened."""

    def __init__(self, rows: Rows, run: Generation, *, is_overtaken: bool) -> None:
        self._rows = rows
        self._run = run
        self._is_overtaken = is_overtaken
        self.sent = 0

    async def send(self, _place: Place, _videos: Sequence[Outgoing], _caption: str = "") -> list[SentVideo]:
        if self._is_overtaken:
            assert await self._rows.take_over(Lease(self._run.id, self._run.epoch, None), "another")
        fence = said.get().fence
        assert fence is not None
        await fence()
        self.sent += 1
        return [SentVideo(9, "file")]


@pytest.mark.parametrize("is_overtaken", [False, True])
async def test_a_video_is_sent_only_while_it_is_ours(postgres_database: Database, *, is_overtaken: bool) -> None:
    clock = Clock()
    rows, results = Rows(postgres_database, clock), Results(postgres_database, clock)
    order = Order("key", 1, None, 1, "en", 5, None, "a cat", VideoOptions(), (PHOTO,))
    await postgres_database.write(insert, "g", order, clock.now())
    run = await take_over(rows, "g")
    assert run is not None
    made = VideoResult("id", "a cat", ("https://a.example/0.mp4",), True, False, "completed", None)
    run = await results.record(run, [made], exclusive=False)
    chat = SlowChat(rows, run, is_overtaken=is_overtaken)

    async def nowhere(_old: int, _new: int) -> None:
        return

    sending = Sending(postgres_database, chat, 50_000_000, nowhere, clock, lambda: 0.5, run, {0: 0})  # type: ignore[arg-type]
    if is_overtaken:
        with pytest.raises(RunOvertakenError):
            await sending.send([ITEM])
    else:
        await sending.send([ITEM])
    assert chat.sent == (not is_overtaken)
