"""What only the owner can mend is told to the owner, once an hour for each kind."""

from pathlib import Path

import pytest

from bot.errors import OperatorError
from sandbox.botapi.person import Person
from sandbox.genaipro import Answer, End, InHistory, Script
from services.alarm import TELL_EVERY
from services.store import database
from tests.acceptance.e2e import asking
from tests.acceptance.e2e.world import World, world

ADMIN = 777_000_001


async def run(here: World, prompt: str) -> None:
    """One request, to its end."""
    asked = await asking.ask(here, prompt)
    await asking.ended(here, asked)
    await asking.told(here, asked)


def told(here: World, owner: Person) -> list[str]:
    return [line.text for line in here.telegram.bot_lines(owner.chat_id)]


@pytest.mark.parametrize(
    ("script", "sign"),
    [
        (Script(answer=Answer(402, {"error": "no credits"})), "out of credits"),
        (Script(answer=Answer(401, {"error": "who are you"})), "GENAIPRO_API_KEY"),
        (Script(answer=Answer(403, "error code: 1010", content_type="text/plain")), "guard in front of GenAIPro"),
        (Script(end=End.DROP, after=1, history=InHistory.NEVER), "never came"),
    ],
)
async def test_owner_is_told_once_an_hour(script: Script, sign: str, tmp_path: Path) -> None:
    async with (
        world(tmp_path, admin_user_ids=frozenset({ADMIN}), reconcile_timeout=0.5) as here,
        here.clock.hurried(0.05),
    ):
        owner = here.telegram.add_person("Olga", user_id=ADMIN, started=True)
        for prompt in ("first", "second"):
            here.genaipro.enqueue(script)
            await run(here, prompt)
        await here.telegram.wait_for(lambda: len(told(here, owner)) > 0)
        assert len(told(here, owner)) == 1
        assert sign in told(here, owner)[0]
        here.clock.advance(TELL_EVERY.total_seconds() + 1)
        here.genaipro.enqueue(script)
        await run(here, "third")
        await here.telegram.wait_for(lambda: len(told(here, owner)) == 2)


async def test_other_failures_are_nobodys_alarm(tmp_path: Path) -> None:
    async with world(tmp_path, admin_user_ids=frozenset({ADMIN})) as here, here.clock.hurried(0.05):
        owner = here.telegram.add_person("Olga", user_id=ADMIN, started=True)
        here.genaipro.enqueue(Script(error={"error": "UNSAFE_GENERATION"}))
        await run(here, "first")
        here.genaipro.enqueue(Script(answer=Answer(402, {"error": "no credits"})))
        await run(here, "second")
        await here.telegram.wait_for(lambda: len(told(here, owner)) > 0)
        assert ["out of credits" in text for text in told(here, owner)] == [True]


async def test_owner_who_has_blocked_the_bot_stops_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, admin_user_ids=frozenset({ADMIN})) as here, here.clock.hurried(0.05):
        here.telegram.add_person("Olga", user_id=ADMIN)
        here.genaipro.enqueue(Script(answer=Answer(402, {"error": "no credits"})))
        await run(here, "first")
        await run(here, "second")
        assert [post.accepted for post in here.genaipro.posts] == [False, True]


async def test_an_upgrade_that_failed_ends_the_process_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, start=False) as here, here.clock.hurried(0.05):

        def fail(_connection: object) -> None:
            raise KeyError("no such column")

        monkeypatch.setattr(database, "_migrate", fail)
        with pytest.raises(OperatorError, match="could not be brought to the form of this version and was left"):
            await here.start()
        monkeypatch.undo()
        await here.start()
