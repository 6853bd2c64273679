import asyncio

import pytest

from services.store.turns import Turns


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Writers:
    """Writers that say their name when it is their turn, and are inside until they are let go."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.said: list[str] = []
        self.go: dict[str, asyncio.Event] = {}

    async def start(self, name: str, *, hurry: bool = False) -> asyncio.Task[None]:
        self.go[name] = asyncio.Event()

        async def write() -> None:
            async with self.turns.turn(hurry=hurry):
                self.said.append(name)
                await self.go[name].wait()

        task = asyncio.create_task(write())
        await settle()
        return task

    async def let_go(self, name: str) -> None:
        self.go[name].set()
        await settle()


async def test_one_at_a_time_and_the_hurried_first() -> None:
    writers = Writers()
    for name in ("first", "second", "third"):
        await writers.start(name)
    await writers.start("hurried", hurry=True)
    assert writers.said == ["first"]
    for name in ("first", "hurried", "second"):
        await writers.let_go(name)
    assert writers.said == ["first", "hurried", "second", "third"]
    await writers.let_go("third")
    await writers.start("later")
    assert writers.said[-1] == "later"
    await writers.let_go("later")


async def test_who_gives_up_waiting_leaves_the_line() -> None:
    writers = Writers()
    await writers.start("first")
    gone = await writers.start("gone")
    await writers.start("last")
    gone.cancel()
    await settle()
    await writers.let_go("first")
    assert writers.said == ["first", "last"]
    await writers.let_go("last")


async def test_who_gives_up_at_its_turn_passes_it_on() -> None:
    writers = Writers()
    await writers.start("first")
    gone = await writers.start("gone")
    await writers.start("last")
    writers.go["first"].set()
    await asyncio.sleep(0)
    gone.cancel()
    await settle()
    assert "last" in writers.said
    await writers.let_go("last")


async def test_who_fails_passes_it_on() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError):
        async with turns.turn():
            raise ZeroDivisionError
    async with asyncio.timeout(120), turns.turn():
        pass
