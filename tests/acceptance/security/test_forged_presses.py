"""A press can carry any data: whatever it names, only its owner's wish counts."""

from pathlib import Path

from sandbox.botapi.model import Message
from sandbox.botapi.person import Person
from tests.acceptance.e2e import asking
from tests.acceptance.e2e.world import World, world
from tests.buttons import actions
from tests.pictures import jpeg


async def own_message(here: World, person: Person) -> Message:
    """A message of the bot's in the person's own chat, for a press to come from."""
    await person.send_text("/help")
    line = await here.telegram.wait_for_message(person.chat_id, kind="text")
    return here.telegram.backend.world.chats[person.chat_id].messages[line.message_id]


async def answer(here: World, person: Person, message: Message, data: str) -> str:
    press = await here.telegram.wait_for_answer(person.press_data(message, data))
    return press.answer or ""


async def test_somebody_elses_draft_from_a_chat_of_ones_own(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        mallory = here.telegram.add_person("Mallory", started=True)
        await here.anna.send_photo(jpeg(), "a cat walks")
        card = await here.ready_card()
        before = card.text
        draft = actions(card)[0].split(":")[1]
        message = await own_message(here, mallory)
        for action in ("go", "cancel", "2"):
            assert await answer(here, mallory, message, f"d:{draft}:{action}")
        assert here.genaipro.posts == []
        assert here.telegram.line(here.anna.chat_id, card.message_id).text == before
        await here.press(card, "go")
        await here.ended(here.anna.chat_id, card.message_id)
        assert len(here.genaipro.posts) == 1


async def test_somebody_elses_generation_is_not_cancelled(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        mallory = here.telegram.add_person("Mallory", started=True)
        message = await own_message(here, mallory)
        gate = here.genaipro.hold()
        asked = await asking.ask(here, "a cat walks")
        await gate.blocked()
        generation = asking.row(here, asked)["id"]
        assert await answer(here, mallory, message, f"g:{generation}:cancel")
        gate.release()
        assert "Done" in (await asking.ended(here, asked)).text


async def test_somebody_elses_photos_and_prompt_are_not_had(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        mallory = here.telegram.add_person("Mallory", started=True)
        message = await own_message(here, mallory)
        asked = await asking.ask(here, "a private cat")
        await asking.ended(here, asked)
        generation = asking.row(here, asked)["id"]
        said = [await answer(here, mallory, message, f"g:{generation}:{action}") for action in ("again", "edit")]
        assert all(said)
        # A later update of theirs is answered, so the presses have had their effect, if any.
        await mallory.send_text("/cancel")
        await here.telegram.wait_for(lambda: len(here.telegram.bot_lines(mallory.chat_id)) >= 2)
        shown = [*said, *(line.text for line in here.telegram.bot_lines(mallory.chat_id))]
        assert not any("private cat" in text for text in shown)
        assert len(here.genaipro.posts) == 1


FORGED = ("g:'; DROP TABLE generations; --:cancel", "d:../../etc/passwd:go", "\x00", "g::cancel", "d:" + "9" * 60)


async def test_data_that_no_button_has_changes_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        mallory = here.telegram.add_person("Mallory", started=True)
        message = await own_message(here, mallory)
        for data in FORGED:
            await answer(here, mallory, message, data)
        asked = await asking.ask(here, "a cat walks")
        assert "Done" in (await asking.ended(here, asked)).text


async def test_commands_of_admins_do_nothing_for_others(tmp_path: Path) -> None:
    async with world(tmp_path, open_access=False, allowed_user_ids=frozenset({777_000_002})) as here:
        mallory = here.telegram.add_person("Mallory", user_id=777_000_002, started=True)
        for command in ("/allow 5", "/deny 777000003", "/stats"):
            await mallory.send_text(command)
        await here.telegram.wait_for(lambda: len(here.telegram.bot_lines(mallory.chat_id)) == 3)
        assert asking.rows(here, "SELECT * FROM access WHERE verdict != 'admin'") == []
