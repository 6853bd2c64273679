import json
from typing import Any

import pytest

from sandbox.botapi import ChatKind, Line, Person
from services.access import OwnerLists
from tests.integration.handlers.conftest import MakeWorld
from tests.integration.handlers.world import World
from tests.pictures import jpeg

BOT = "pho2video_bot"


def lines(world: World, chat: int) -> list[Line]:
    return world.server.bot_lines(chat)


@pytest.fixture
def group(world: World, anna: Person, bao: Person) -> int:
    return world.server.add_group("Friends", [anna, bao]).chat_id


@pytest.fixture
async def open_world(make_world: MakeWorld) -> World:
    """A bot that sees everything in groups."""
    return await make_world(privacy_mode=False)


async def test_a_group_is_left_in_peace(open_world: World) -> None:
    world = open_world
    anna = world.server.add_person("Anna", started=True)
    group = world.server.add_group("Friends", [anna]).chat_id
    first = await anna.send_text("hello", chat=group)
    await anna.send_photo(jpeg(), "a nice day", chat=group)
    await anna.send_album([jpeg(1), jpeg(2)], "more", chat=group)
    await anna.send_other("sticker", chat=group)
    await anna.send_text("/video@other_bot leaves", chat=group)
    await anna.send_text("well", chat=group, reply_to=first.message_id)
    await anna.edit(first, f"hello @{BOT}")
    await world.settled()
    assert lines(world, group) == []


@pytest.mark.parametrize("text", ["/video x2 leaves", f"/video@{BOT} x2 leaves", f"@{BOT} x2 leaves"])
async def test_a_reply_to_a_photo_starts_it(open_world: World, text: str) -> None:
    world = open_world
    anna, bao = (world.server.add_person(name, started=True) for name in ("Anna", "Bảo"))
    group = world.server.add_group("Friends", [anna, bao]).chat_id
    photo = await bao.send_photo(jpeg(), chat=group)
    asked = await anna.send_text(text, chat=group, reply_to=photo.message_id)
    order = await world.ordered()
    assert (order.prompt, order.options.count, order.user_id) == ("leaves", 2, anna.user_id)
    assert (order.chat_id, order.request_message_id) == (group, asked.message_id)


async def test_a_sentence_that_telegram_does_not_take_costs_no_request(open_world: World) -> None:
    world = open_world
    anna = world.server.add_person("Anna", started=True)
    group = world.server.add_group("Friends", [anna]).chat_id
    parts = await anna.send_album([jpeg(number) for number in range(4)], "", chat=group)
    world.server.fail("sendMessage", status=502, chat_id=group)
    await anna.send_text("/video leaves", chat=group, reply_to=parts[0].message_id)
    order = await world.ordered()
    assert (order.prompt, len(await world.photos(order))) == ("leaves", 3)
    assert [type(error).__name__ for error in world.errors] == ["NetworkError"]
    world.errors.clear()


async def test_a_reply_takes_the_whole_album_where_it_was_seen(open_world: World) -> None:
    world = open_world
    anna, bao = (world.server.add_person(name, started=True) for name in ("Anna", "Bảo"))
    group = world.server.add_group("Friends", [anna, bao]).chat_id
    parts = await bao.send_album([jpeg(1), jpeg(2), jpeg(3)], chat=group, order=[1, 2, 0])
    await world.settled()
    await anna.send_text(f"/video@{BOT} leaves", chat=group, reply_to=parts[2].message_id)
    order = await world.ordered()
    shown = [world.server.file_path(photo.file_id).read_bytes() for photo in await world.photos(order)]
    assert shown == [jpeg(1), jpeg(2), jpeg(3)]


async def test_in_privacy_mode_a_reply_takes_the_one_photo(world: World, anna: Person, bao: Person, group: int) -> None:
    parts = await bao.send_album([jpeg(1), jpeg(2)], chat=group)
    await anna.send_text(f"/video@{BOT} leaves", chat=group, reply_to=parts[1].message_id)
    (photo,) = await world.photos(await world.ordered())
    assert world.server.file_path(photo.file_id).read_bytes() == jpeg(2)


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 2, 0]])
async def test_a_captioned_album_starts_with_all_of_it(open_world: World, order: list[int]) -> None:
    world = open_world
    anna = world.server.add_person("Anna", started=True)
    group = world.server.add_group("Friends", [anna]).chat_id
    parts = await anna.send_album([jpeg(1), jpeg(2), jpeg(3)], f"/video@{BOT} leaves", chat=group, order=order)
    placed = await world.ordered()
    assert (len(await world.photos(placed)), placed.request_message_id) == (3, parts[0].message_id)


async def test_a_reply_with_photos_to_the_bot_makes_a_card(world: World, anna: Person, group: int) -> None:
    await anna.send_text(f"/video@{BOT} leaves", chat=group)
    how = await world.sees(group, "reply to this message")
    photos = await anna.send_album([jpeg(1), jpeg(2)], "leaves fall", chat=group, reply_to=how.message_id)
    card = await world.card(group, "2 of 3")
    assert card.reply_to == photos[0].message_id
    assert await world.presses(anna, card, "Generate") == ""
    assert (await world.ordered()).status_message_id == card.message_id


async def test_how_to_ask_is_said_once_a_day(world: World, anna: Person, bao: Person, group: int) -> None:
    for person in (anna, bao, anna):
        await person.send_text(f"/video@{BOT} leaves", chat=group)
    await world.settled()
    assert len(lines(world, group)) == 1


async def test_a_card_without_a_prompt_takes_it_by_reply(world: World, anna: Person, bao: Person, group: int) -> None:
    photo = await bao.send_photo(jpeg(), chat=group)
    await anna.send_text(f"/video@{BOT}", chat=group, reply_to=photo.message_id)
    card = await world.card(group, "No prompt yet")
    await bao.send_text("not mine to say", chat=group, reply_to=card.message_id)
    await anna.send_text("leaves", chat=group, reply_to=card.message_id)
    card = await world.card(group, "leaves")
    assert "not mine" not in card.text
    await world.settled()
    assert len(lines(world, group)) == 1


async def test_several_people_do_not_mix(world: World, anna: Person, bao: Person, group: int) -> None:
    hello = await world_says_hello(world, anna, group)
    await anna.send_photo(jpeg(1), "leaves", chat=group, reply_to=hello)
    await bao.send_photo(jpeg(2), "lá rơi", chat=group, reply_to=hello)
    annas, baos = await world.card(group, "leaves"), await world.card(group, "lá rơi")
    assert annas.message_id != baos.message_id
    assert "Ảnh: 1/3" in baos.text
    notice = await world.presses(bao, annas, "Generate")
    assert "người khác" in (notice or "")
    assert await world.presses(bao, annas, "Cancel") == notice
    assert await world.orders() == []
    await world.presses(anna, annas, "Generate")
    assert (await world.ordered()).user_id == anna.user_id


async def world_says_hello(world: World, person: Person, group: int) -> int:
    """A message of the bot's to reply to."""
    await person.send_text(f"/privacy@{BOT}", chat=group)
    return (await world.sees(group)).message_id


@pytest.mark.parametrize("in_general", [True, False])
async def test_answers_stay_in_their_topic(open_world: World, in_general: bool) -> None:
    world = open_world
    anna = world.server.add_person("Anna", started=True)
    group = world.server.add_group("Forum", [anna], forum=True).chat_id
    thread = None if in_general else world.server.add_topic(group, "Films").thread_id
    await anna.send_photo(jpeg(), f"@{BOT}", chat=group, thread=thread)
    card = await world.card(group, "No prompt yet")
    assert card.thread_id == thread
    await world.settled()
    (call,) = world.server.calls("sendMessage", chat_id=group)
    assert call.params.get("message_thread_id") == thread


async def test_the_creation_of_a_topic_is_not_taken_for_a_reply(open_world: World) -> None:
    world = open_world
    anna = world.server.add_person("Anna", started=True)
    group = world.server.add_group("Forum", [anna], forum=True).chat_id
    thread = world.server.add_topic(group, "Films").thread_id
    await anna.send_text("just talking", chat=group, thread=thread)
    await anna.send_text(f"/video@{BOT} leaves", chat=group, thread=thread)
    assert "no photo here" in (await world.sees(group)).text
    await world.settled()
    assert len(lines(world, group)) == 1


async def test_topics_have_drafts_of_their_own(open_world: World) -> None:
    world = open_world
    anna = world.server.add_person("Anna", started=True)
    group = world.server.add_group("Forum", [anna], forum=True).chat_id
    threads = [world.server.add_topic(group, name).thread_id for name in ("Films", "Cats")]
    for number, thread in enumerate(threads):
        await anna.send_photo(jpeg(number), f"@{BOT}", chat=group, thread=thread)
    await world.settled()
    assert sorted((line.thread_id, "1 of 3" in line.text) for line in lines(world, group)) == [
        (thread, True) for thread in threads
    ]


async def test_an_anonymous_admin_is_asked_to_be_themselves(world: World, anna: Person, group: int) -> None:
    await anna.send_photo(jpeg(), f"/video@{BOT} leaves", chat=group, anonymous=True)
    assert "anonymous" in (await world.sees(group)).text
    assert await world.orders() == []


async def test_somebody_not_allowed_meets_silence_in_groups(make_world: MakeWorld) -> None:
    world = await make_world(OwnerLists(is_open=False))
    anna = world.server.add_person("Anna", started=True)
    group = world.server.add_group("Friends", [anna]).chat_id
    await anna.send_photo(jpeg(), f"/video@{BOT} leaves", chat=group)
    line = await refused_in_private(world, anna)
    assert str(anna.user_id) in line.text
    assert lines(world, group) == []
    assert await world.orders() == []


async def refused_in_private(world: World, person: Person) -> Line:
    await person.send_photo(jpeg(), "leaves")
    return await world.sees(person.chat_id)


async def test_a_draft_follows_its_group_into_the_supergroup(make_world: MakeWorld) -> None:
    world = await make_world(privacy_mode=False)
    anna = world.server.add_person("Anna", started=True)
    group = world.server.add_group("Friends", [anna], kind=ChatKind.GROUP)
    await anna.send_photo(jpeg(), f"@{BOT}", chat=group.chat_id)
    await world.card(group.chat_id, "No prompt yet")
    successor = world.server.migrate(group.chat_id)
    card = await world.card(successor.chat_id, "No prompt yet")
    prompt = await anna.send_text("leaves", chat=successor.chat_id, reply_to=card.message_id)
    card = await world.card(successor.chat_id, "leaves")
    await world.presses(anna, card, "Generate")
    order = await world.ordered()
    assert (order.chat_id, order.request_message_id) == (successor.chat_id, prompt.message_id)


def newest(world: World, group: int) -> dict[str, Any]:
    """The newest update from a group, free to be changed."""
    wires: list[dict[str, Any]] = [
        json.loads(json.dumps(update.wire())) for update in world.server.backend.updates.produced
    ]
    return [wire for wire in wires if wire.get("message", {}).get("chat", {}).get("id") == group][-1]


async def altered(world: World, group: int, **changes: object) -> None:
    """Hand the bot the newest update from a group as another message that differs in this."""
    wire = newest(world, group)
    wire["update_id"] += 1000
    wire["message"] |= {"message_id": wire["message"]["message_id"] + 1000} | changes
    await world.take(wire)
    await world.settled()


FORWARDED = {"forward_origin": {"type": "hidden_user", "date": 1774864800, "sender_user_name": "Somebody"}}
PROTECTED = {"has_protected_content": True}


@pytest.mark.parametrize("foreign", [FORWARDED, PROTECTED])
async def test_a_photo_counts_wherever_it_comes_from(
    world: World, anna: Person, group: int, foreign: dict[str, object]
) -> None:
    await anna.send_photo(jpeg(), f"/video@{BOT} x9 leaves", chat=group)
    await world.settled()
    await altered(world, group, caption="/video leaves", **foreign)
    assert [order.prompt for order in await world.orders()] == ["leaves"]


@pytest.mark.parametrize("foreign", [FORWARDED, PROTECTED, {"is_automatic_forward": True}])
async def test_a_reply_takes_a_photo_wherever_it_comes_from(
    world: World, anna: Person, group: int, foreign: dict[str, object]
) -> None:
    photo = await anna.send_photo(jpeg(), chat=group)
    await anna.send_text(f"/video@{BOT} x9 leaves", chat=group, reply_to=photo.message_id)
    await world.settled()
    answered = newest(world, group)["message"]["reply_to_message"]
    await altered(world, group, text="/video leaves", reply_to_message=answered | foreign)
    assert [order.prompt for order in await world.orders()] == ["leaves"]


VIDEO = {"file_id": "v", "file_unique_id": "v", "width": 320, "height": 180, "duration": 2}


@pytest.mark.parametrize("words", [f"/video@{BOT} x2 leaves", f"@{BOT} x2 leaves"])
async def test_words_on_a_part_that_is_no_photo_count_for_the_album(
    world: World, anna: Person, group: int, words: str
) -> None:
    await anna.send_photo(jpeg(), f"/video@{BOT} x9 leaves", chat=group)
    await world.settled()
    mention = {"type": "mention", "offset": 0, "length": len(BOT) + 1}
    await altered(world, group, media_group_id="7", caption=None)
    await altered(
        world,
        group,
        media_group_id="7",
        photo=[],
        video=VIDEO,
        caption=words,
        caption_entities=[mention],
        message_id=900,
    )
    order = await world.ordered()
    assert (order.prompt, order.options.count, len(await world.photos(order))) == ("leaves", 2, 1)
    refused = [line for line in lines(world, group) if "a video" in line.text]
    assert len(refused) == 1


async def test_a_channel_posting_in_a_group_is_asked_to_be_somebody(world: World, anna: Person, group: int) -> None:
    await anna.send_photo(jpeg(), f"/video@{BOT} x9 leaves", chat=group)
    await world.settled()
    channel = {"sender_chat": {"id": -1009, "type": "channel", "title": "News"}}
    await altered(world, group, caption="/video leaves", **channel)
    assert "anonymous" in lines(world, group)[-1].text
    said = len(lines(world, group))
    await altered(world, group, caption="/video leaves", is_automatic_forward=True, **channel)
    assert len(lines(world, group)) == said
    assert await world.orders() == []
