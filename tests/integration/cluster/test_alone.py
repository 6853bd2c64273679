"""One process that does everything, on PostgreSQL."""

from pathlib import Path

from pydantic import SecretStr

from tests.acceptance.e2e.world import world
from tests.integration.cluster.world import PATIENCE
from tests.pictures import jpeg


async def test_the_main_job_and_a_restart_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    async with world(tmp_path, database_url=SecretStr(postgres_url)) as here:
        await here.anna.send_photo(jpeg(), "a cat walks")
        card = await here.ready_card()
        await here.press(card, "go")
        await here.telegram.wait_for_message(here.anna.chat_id, "Done", after=card.message_id - 1, timeout=PATIENCE)
        await here.stop()
        await here.anna.send_photo(jpeg("red"), "a dog runs")
        await here.start()
        card = await here.ready_card(after=card.message_id)
        await here.press(card, "go")
        await here.telegram.wait_for_message(here.anna.chat_id, "Done", after=card.message_id - 1, timeout=PATIENCE)
        assert [post.prompt for post in here.genaipro.posts] == ["a cat walks", "a dog runs"]
        videos = [line for line in here.telegram.bot_lines(here.anna.chat_id) if line.kind == "video"]
        assert len(videos) == 2
