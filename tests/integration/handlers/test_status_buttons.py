import pytest

from sandbox.botapi import Line, Person
from services.generations.model import State
from tests.integration.handlers.world import OWNER, World
from tests.pictures import jpeg


@pytest.fixture
async def started(world: World, anna: Person) -> Line:
    """A generation of Anna's, and a message under which its buttons are pressed."""
    await anna.send_photo(jpeg(), "/video x2 leaves")
    await world.ordered()
    return await world.says(anna, "/privacy")


async def press(world: World, person: Person, line: Line, word: str) -> str | None:
    """Press a button of the first generation."""
    first = (await world.orders())[0]
    return await world.presses_data(person, line, f"g:{first.id}:{word}")


async def test_cancel_reaches_the_generation(world: World, anna: Person, started: Line) -> None:
    assert await press(world, anna, started, "cancel") == "Stopping…"
    (order,) = await world.orders()
    assert order.state is State.CANCELLED
    assert await press(world, anna, started, "cancel") == "This has ended already."


async def test_others_may_not_press_and_admins_may(world: World, anna: Person, bao: Person, started: Line) -> None:
    admin = world.server.add_person("Owner", user_id=OWNER, started=True)
    for word in ("cancel", "again", "edit"):
        assert "người khác" in (await press(world, bao, started, word) or "")
    assert [order.state for order in await world.orders()] == [State.QUEUED]
    assert await press(world, admin, started, "cancel") == "Stopping…"
    assert [order.state for order in await world.orders()] == [State.CANCELLED]


async def test_again_asks_for_the_same_at_once(world: World, anna: Person, started: Line) -> None:
    assert await press(world, anna, started, "again") == "Started once more."
    again = await world.ordered(2)
    first = (await world.orders())[0]
    assert (again.prompt, again.options.count, await world.photos(again)) == (
        first.prompt,
        first.options.count,
        await world.photos(first),
    )
    assert again.request_message_id == first.request_message_id
    assert again.status_message_id != first.status_message_id


async def test_a_double_tap_on_again_is_one(world: World, anna: Person, started: Line) -> None:
    answers = [await press(world, anna, started, "again") for _ in range(2)]
    assert answers == ["Started once more.", "This is being made already."]
    assert len(await world.orders()) == 2


async def test_edit_opens_a_card_with_the_same_photos(world: World, anna: Person, started: Line) -> None:
    for _ in range(2):
        await press(world, anna, started, "edit")
    card = await world.card(anna.chat_id, "No prompt yet")
    assert "Videos: 2" in card.text
    await anna.send_text("snow falls")
    card = await world.card(anna.chat_id, "snow falls")
    await world.presses(anna, card, "Generate")
    edited = await world.ordered(2)
    first = (await world.orders())[0]
    assert (edited.prompt, await world.photos(edited)) == ("snow falls", await world.photos(first))
    assert edited.request_message_id == first.request_message_id
    assert edited.status_message_id == card.message_id


async def test_edit_takes_the_place_of_an_open_draft(world: World, anna: Person, started: Line) -> None:
    await anna.send_photo(jpeg(5), "something else")
    old = await world.card(anna.chat_id, "something else")
    await press(world, anna, started, "edit")
    await world.card(anna.chat_id, "No prompt yet", after=old.message_id)
    await world.settled()
    assert world.server.line(anna.chat_id, old.message_id).labels() == []


async def test_again_from_elsewhere_answers_there(world: World, anna: Person, bao: Person, started: Line) -> None:
    group = world.server.add_group("Friends", [anna, bao]).chat_id
    line = await world.says(anna, "/privacy@pho2video_bot", chat=group)
    await press(world, anna, line, "again")
    order = await world.ordered(2)
    assert (order.chat_id, order.request_message_id) == (group, line.message_id)
