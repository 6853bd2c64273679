"""A kill at every single step of the way, then a new process: nothing is paid twice, lost, or left untold."""

from pathlib import Path

import pytest

from services.generations.model import State
from services.options import Shape
from tests.unit.generations.bench import bench
from tests.unit.generations.fates import Killed, Post, Send
from tests.unit.generations.verdicts import check_end

ARMED = 5
"""The first step after the arming: all ways are the same before."""

WAYS = [
    pytest.param([Post.BUSY, Post.COMPLETED], [], 0, id="busy at first"),
    pytest.param([Post.COMPLETED], [Send.LOST_ARRIVED], ARMED, id="an answer of Telegram's got lost"),
    pytest.param([Post.COMPLETED], [Send.REFUSED, Send.NOT_SENT], 2 * ARMED, id="sends are refused"),
    pytest.param([Post.CUT], [], ARMED, id="cut"),
    pytest.param([Post.ACCEPTED_SERVER_ERROR], [], ARMED, id="a server error that was accepted"),
    pytest.param([Post.SERVER_ERROR], [], ARMED, id="a server error"),
    pytest.param([Post.ERROR_EVENT], [], ARMED, id="an error event"),
    pytest.param([Post.REFUSED], [], ARMED, id="refused"),
]


async def kill_at_every_step(
    folder: Path,
    posts: list[Post],
    sends: list[Send],
    first: int,
    shape: Shape,
    *,
    cancelled: bool = False,
) -> None:
    here, close = await bench(folder)
    step, survived = first, False
    while not survived:
        here.service.coming.clear()
        here.service.coming.extend(posts)
        here.chat.coming.clear()
        here.chat.coming.extend(sends)
        here.chat.lost = 0
        generation_id = await here.place(f"p{step}", count=2, user=step + 1, shape=shape)
        here.fate.left = step
        try:
            await here.run(generation_id)
            survived = True
        except Killed:
            here.boot()
        here.fate.left = None
        if cancelled and not survived:
            await here.rows.request_cancel(generation_id)
        row = await here.run(generation_id)
        await check_end(here, generation_id, kills=1)
        assert row.cancel_requested_at is None or row.state is State.CANCELLED
        step += 1
    assert step > first + 5
    assert here.service.tall == (len(here.service.posts) if shape is Shape.TALL else 0)
    await close()


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize(("posts", "sends", "first"), WAYS)
async def test_a_kill_at_every_step(
    tmp_path: Path, posts: list[Post], sends: list[Send], first: int, shape: Shape
) -> None:
    await kill_at_every_step(tmp_path, posts, sends, first, shape)


@pytest.mark.parametrize("shape", Shape)
async def test_a_cancel_after_a_kill_at_every_step(tmp_path: Path, shape: Shape) -> None:
    await kill_at_every_step(tmp_path, [Post.BUSY, Post.COMPLETED], [], 0, shape, cancelled=True)
