"""A double tap is one wish, however long Telegram or the bot takes over its first half."""

from pathlib import Path

from sandbox.botapi.faults import FaultKind
from tests.acceptance.e2e.asking import ask, ended, videos
from tests.acceptance.e2e.world import world


async def test_a_second_tap_on_again_that_was_held_up_until_the_end_pays_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        asked = await ask(here, "tapped twice")
        end = await ended(here, asked)
        held = here.telegram.fail("answerCallbackQuery", FaultKind.HOLD, after=True)
        await here.press(end, "again")
        await here.telegram.held(held)
        second = await here.press(end, "again")
        await here.telegram.wait_for(lambda: len(videos(here, asked)) == 2)
        here.clock.advance(60)
        here.telegram.release()
        press = await here.telegram.wait_for_answer(second)
        assert press.answer == "This is being made already."
        await here.press(end, "again")
        await here.telegram.wait_for(lambda: len(videos(here, asked)) == 3)
        assert len(here.genaipro.posts) == 3
