import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.history import HISTORY_CHOICE
from handlers.settings import FORGET_CHOICES, SETTING_CHOICES
from handlers.visitors import DATA_LIMIT, MENU_DATA, data_of
from sandbox.botapi import BotApiServer, Person
from services.options import Shape, VideoOptions, Wanted
from services.people import Preferences
from services.texts import LANGUAGES
from tests.integration.commands.rows import add_generation
from tests.integration.handlers.world import World

words = st.lists(st.from_regex(r"[a-z0-9]{1,10}", fullmatch=True), min_size=1, max_size=4)


@given(st.sampled_from("sfh"), st.integers(1, 10**16), words)
def test_what_a_button_says_is_read_back(menu: str, owner: int, said: list[str]) -> None:
    data = data_of(menu, owner, *said)
    assert len(data.encode()) <= DATA_LIMIT
    press = MENU_DATA.fullmatch(data)
    assert press is not None
    assert (int(press["owner"]), press["words"].split(":")) == (owner, said)


@given(st.text() | st.from_regex(r"[sfh]:.*") | st.from_regex(r"[sfh]:[0-9]+:.*"))
def test_any_data_is_read_or_refused_and_never_understood_wrongly(data: str) -> None:
    press = MENU_DATA.fullmatch(data)
    if press is None:
        return
    chosen = SETTING_CHOICES.get(press["words"])
    counts, shapes = map(Wanted, [1, 2, 3, 4]), (Wanted(shape=shape) for shape in Shape)
    assert chosen is None or set(chosen.values()) < {"en", "vi", False, True, *counts, *shapes}
    assert FORGET_CHOICES.get(press["words"]) in {True, False, None}
    choice = HISTORY_CHOICE.fullmatch(press["words"])
    assert choice is None or 0 <= int(choice["page"]) < 10**6


@pytest.mark.parametrize("bad", [("s", 1), ("s", 1, ""), ("s", 1, "UP"), ("S", 1, "a"), ("h", 1, "x" * 64)])
def test_a_button_that_could_not_be_read_is_not_made(bad: tuple[str, int]) -> None:
    with pytest.raises(ValueError, match="button"):
        data_of(*bad)


async def test_settings_show_what_is_chosen_and_change_it(world: World, alice: Person) -> None:
    menu = await world.says(alice, "/settings")
    assert menu.labels()[:2] == ["✓ English", "Tiếng Việt"]
    assert menu.labels()[len(LANGUAGES) :] == [
        "✓ 1", "2", "3", "4", "✓ ▭ Wide", "▯ Tall", "✓ Ask first", "Start at once",
    ]  # fmt: skip
    assert await world.presses(alice, menu, "3") == ""
    assert await world.presses(alice, menu, "Start at once") == ""
    assert await world.presses(alice, menu, "▯ Tall") == ""
    assert await world.presses(alice, menu, "Tiếng Việt") == ""
    shown = await world.sees(alice.chat_id, "Cài đặt")
    assert shown.message_id == menu.message_id
    assert shown.labels()[:2] == ["English", "✓ Tiếng Việt"]
    assert shown.labels()[len(LANGUAGES) :] == [
        "1", "2", "✓ 3", "4", "▭ Ngang", "✓ ▯ Dọc", "Hỏi trước", "✓ Bắt đầu ngay",
    ]  # fmt: skip
    assert await world.services.people.preferences(alice.user_id, "en") == Preferences(
        "vi", VideoOptions(3, Shape.TALL), starts_at_once=True
    )


async def test_the_language_of_telegram_yields_to_the_chosen_one(world: World, bao: Person) -> None:
    menu = await world.says(bao, "/settings")
    await world.presses(bao, menu, "English")
    await world.sees(bao.chat_id, "Settings")
    assert "send a photo" in (await world.says(bao, "/start")).text


async def test_choosing_the_same_again_is_answered_and_changes_nothing(world: World, alice: Person) -> None:
    menu = await world.says(alice, "/settings")
    assert await world.presses(alice, menu, "English") == ""
    assert await world.presses(alice, menu, "✓ 1") == ""
    assert await world.services.people.preferences(alice.user_id, "en") == Preferences("en")


async def test_a_menu_belongs_to_whoever_asked_for_it(
    world: World, server: BotApiServer, alice: Person, bao: Person
) -> None:
    group = server.add_group("Friends", [alice, bao])
    await add_generation(
        world.services.database,
        "a1",
        alice.user_id,
        world.clock.now(),
        chat_id=group.chat_id,
        prompt="rain",
        file_ids=["x"],
    )
    menus = []
    for command, label in (("settings", "Tiếng Việt"), ("forget", "Delete"), ("history", "rain")):
        menus.append(await world.says(alice, f"/{command}@pho2video_bot", chat=group.chat_id))
        assert "người khác" in (await world.presses(bao, menus[-1], label) or "")
    assert server.bot_lines(group.chat_id) == menus


FORGED = [
    "s:", "s:1", "s::language:vi", "s:{me}:language", "s:{me}:language:de", "s:{me}:count:5", "s:{me}:count:9999999999",
    "s:{me}:atonce:maybe", "s:{me}:language:vi:vi", "s:-1:language:vi", "s:{me}:LANGUAGE:vi", "s:٣:language:vi",
    "s:99999999999999999999999:language:vi", "f:{me}:perhaps", "f:{me}:yes:yes", "f:x:yes", "h:{me}:p", "h:{me}:p:-1",
    "h:{me}:p:9999999999999999", "h:{me}:v:zzz", "h:{me}:p:١", "h:\x00", "h:{me}:v:a:b:c",
]  # fmt: skip


async def test_forged_data_is_answered_once_and_changes_nothing(
    world: World, server: BotApiServer, alice: Person
) -> None:
    menu = await world.says(alice, "/settings")
    message = server.backend.world.chats[alice.chat_id].messages[menu.message_id]
    for data in FORGED:
        query = alice.press_data(message, data.format(me=alice.user_id))
        assert "no longer works" in ((await server.wait_for_answer(query)).answer or ""), data
    await world.says(alice, "/help")
    assert len(server.calls("answerCallbackQuery")) == len(FORGED)
    assert server.line(alice.chat_id, menu.message_id) == menu


async def test_a_menu_that_was_deleted_breaks_nothing(world: World, server: BotApiServer, alice: Person) -> None:
    menu = await world.says(alice, "/settings")
    message = server.backend.world.chats[alice.chat_id].messages[menu.message_id]
    await alice.delete(menu.message_id)
    alice.press_data(message, f"s:{alice.user_id}:count:2")
    shown = await server.wait_for_message(alice.chat_id, "Settings", after=menu.message_id)
    assert "✓ 2" in shown.labels()


async def test_a_press_that_is_answered_too_late_still_counts(
    world: World, server: BotApiServer, alice: Person
) -> None:
    menu = await world.says(alice, "/settings")
    server.fail("answerCallbackQuery", description="Bad Request: query is too old and response timeout expired")
    await alice.press(menu.message_id, "2")
    await server.wait_for_message(alice.chat_id, lambda line: "✓ 2" in line.labels())
