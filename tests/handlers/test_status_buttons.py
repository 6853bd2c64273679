import pytest

from sandbox.botapi import Line, Person
from tests.handlers.conftest import ADMIN
from tests.handlers.world import World, jpeg


@pytest.fixture
async def started(world: World, anna: Person) -> Line:
    """A generation of Anna's (g1), and a message under which its buttons are pressed."""
    await anna.send_photo(jpeg(), "/video x2 leaves")
    await world.ordered()
    await anna.send_text("/privacy")
    return await world.server.wait_for_message(anna.chat_id)


async def press(world: World, person: Person, line: Line, data: str) -> str | None:
    message = world.server.backend.world.chats[line.chat_id].messages[line.message_id]
    return (await world.server.wait_for_answer(person.press_data(message, data))).answer


async def test_cancel_reaches_the_generation(world: World, anna: Person, started: Line) -> None:
    assert await press(world, anna, started, "g:g1:cancel") == "Stopping…"
    await world.settled()
    assert world.generations.cancelled == [("g1", anna.user_id, False)]
    assert await press(world, anna, started, "g:g1:cancel") == "This has ended already."


async def test_others_may_not_press_and_admins_may(world: World, anna: Person, bao: Person, started: Line) -> None:
    admin = world.server.add_person("Owner", user_id=ADMIN, started=True)
    for word in ("cancel", "again", "edit"):
        assert "người khác" in (await press(world, bao, started, f"g:g1:{word}") or "")
    assert world.generations.cancelled == []
    assert await press(world, admin, started, "g:g1:cancel") == "Stopping…"
    await world.settled()
    assert world.generations.cancelled == [("g1", ADMIN, True)]


async def test_again_asks_for_the_same_at_once(world: World, anna: Person, started: Line) -> None:
    assert await press(world, anna, started, "g:g1:again") == "Started once more."
    again = await world.ordered(2)
    first = world.orders[0]
    assert (again.prompt, again.count, again.photos) == (first.prompt, first.count, first.photos)
    assert (again.request_message_id, again.status_message_id) == (first.request_message_id, None)


async def test_a_double_tap_on_again_is_one(world: World, anna: Person, started: Line) -> None:
    answers = [await press(world, anna, started, "g:g1:again") for _ in range(2)]
    assert answers == ["Started once more.", "This is being made already."]
    await world.settled()
    assert len(world.orders) == 2


async def test_edit_opens_a_card_with_the_same_photos(world: World, anna: Person, started: Line) -> None:
    for _ in range(2):
        await press(world, anna, started, "g:g1:edit")
    card = await world.card(anna.chat_id, "No prompt yet")
    assert "Videos: 2" in card.text
    await anna.send_text("snow falls")
    card = await world.card(anna.chat_id, "snow falls")
    await world.presses_button(anna, card, "Generate")
    edited = await world.ordered(2)
    assert (edited.prompt, edited.photos) == ("snow falls", world.orders[0].photos)
    assert edited.request_message_id == world.orders[0].request_message_id
    assert edited.status_message_id == card.message_id


async def test_edit_takes_the_place_of_an_open_draft(world: World, anna: Person, started: Line) -> None:
    await anna.send_photo(jpeg(5), "something else")
    old = await world.card(anna.chat_id, "something else")
    await press(world, anna, started, "g:g1:edit")
    await world.card(anna.chat_id, "No prompt yet", after=old.message_id)
    await world.settled()
    assert world.server.line(anna.chat_id, old.message_id).labels() == []


async def test_again_from_elsewhere_answers_there(world: World, anna: Person, bao: Person, started: Line) -> None:
    group = world.server.add_group("Friends", [anna, bao]).chat_id
    await anna.send_text("/privacy@pho2video_bot", chat=group)
    line = await world.server.wait_for_message(group)
    await press(world, anna, line, "g:g1:again")
    order = await world.ordered(2)
    assert (order.chat_id, order.request_message_id) == (group, line.message_id)
