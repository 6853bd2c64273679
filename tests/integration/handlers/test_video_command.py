import pytest

from sandbox.botapi import Person
from services.drafts.drafts import NewItems
from services.drafts.model import DraftState, Owner
from services.drafts.store import load
from services.options import Wanted
from services.people import Preferences
from tests.buttons import is_card
from tests.integration.handlers.conftest import MakeWorld
from tests.integration.handlers.world import World
from tests.pictures import jpeg
from tests.unit.drafts.world import item


def no_cards(world: World, chat: int) -> bool:
    return not any(is_card(line) for line in world.server.bot_lines(chat))


@pytest.mark.parametrize(
    ("caption", "count"), [("/video x3 leaves", 3), ("/VIDEO@pho2video_bot ×2 leaves", 2), ("/video leaves", 1)]
)
async def test_a_captioned_photo_starts_at_once(world: World, anna: Person, caption: str, count: int) -> None:
    sent = await anna.send_photo(jpeg(), caption)
    order = await world.ordered()
    assert (order.prompt, order.options.count, order.request_message_id) == ("leaves", count, sent.message_id)
    assert [line.message_id for line in world.server.bot_lines(anna.chat_id)] == [order.status_message_id]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
async def test_a_captioned_album_starts_once_with_all_of_it(world: World, anna: Person, order: list[int]) -> None:
    parts = await anna.send_album([jpeg(1), jpeg(2), jpeg(3)], ["", "/video x2 leaves", ""], order=order)
    placed = await world.ordered()
    assert (placed.prompt, placed.options.count, placed.request_message_id) == ("leaves", 2, parts[0].message_id)
    shown = [world.server.file_path(photo.file_id).read_bytes() for photo in await world.photos(placed)]
    assert shown == [jpeg(1), jpeg(2), jpeg(3)]
    assert no_cards(world, anna.chat_id)
    assert len(await world.orders()) == 1


async def test_an_album_does_not_mix_with_an_open_draft(world: World, anna: Person) -> None:
    await anna.send_photo(jpeg(9))
    card = await world.card(anna.chat_id)
    await anna.send_album([jpeg(1), jpeg(2)], "/video leaves")
    assert len(await world.photos(await world.ordered())) == 2
    assert "1 of 3" in world.server.line(anna.chat_id, card.message_id).text
    assert (await world.orders())[0].status_message_id != card.message_id


async def test_an_album_waiting_when_the_process_died_is_started_by_the_sweep(world: World, anna: Person) -> None:
    album = [item(1, "leaves", album="x"), item(2, album="x")]
    incoming = NewItems(Owner(anna.chat_id, None, anna.user_id), album, Preferences("en"), Wanted(2))
    await world.services.drafts.start_album("x", incoming)
    await world.services.card_timers.sweep()
    assert (await world.ordered()).options.count == 2


async def test_a_late_part_of_an_album_is_told_of_once_and_opens_nothing(world: World, anna: Person) -> None:
    await anna.send_photo(jpeg(1), "/video leaves", group_id="77")
    await world.ordered()
    for number in (2, 3):
        await anna.send_photo(jpeg(number), group_id="77")
    await world.settled()
    assert len([text for text in world.texts_in(anna.chat_id) if "came too late" in text]) == 1
    assert len(world.server.bot_lines(anna.chat_id)) == 2


async def test_a_reply_takes_the_whole_album(world: World, anna: Person) -> None:
    parts = await anna.send_album([jpeg(number) for number in range(5)])
    asked = await anna.send_text("/video x4 leaves", reply_to=parts[3].message_id)
    order = await world.ordered()
    assert (order.options.count, order.request_message_id) == (4, asked.message_id)
    shown = [world.server.file_path(photo.file_id).read_bytes() for photo in await world.photos(order)]
    assert shown == [jpeg(0), jpeg(1), jpeg(2)]


async def test_a_reply_to_the_drafts_photo_ends_the_draft(world: World, anna: Person) -> None:
    photo = await anna.send_photo(jpeg())
    card = await world.card(anna.chat_id)
    await anna.send_text("/video leaves", reply_to=photo.message_id)
    assert (await world.ordered()).status_message_id == card.message_id
    draft = await world.services.database.read(load, (card.button("Cancel").data or "").split(":")[1])
    assert draft is not None
    assert draft.state is DraftState.SUBMITTED


async def test_a_reply_to_a_broken_image_file_is_refused(world: World, anna: Person) -> None:
    sent = await anna.send_document(b"\x89PNG\r\n\x1a\n?", file_name="bad.png", mime_type="image/png")
    await anna.send_text("/video leaves", reply_to=sent.message_id)
    await world.settled()
    assert ["cannot be read" in text for text in world.texts_in(anna.chat_id)] == [True, True]
    assert await world.orders() == []


async def test_a_photo_without_a_prompt_waits_with_a_card(world: World, anna: Person) -> None:
    await anna.send_photo(jpeg(), "/video x3")
    card = await world.card(anna.chat_id, "No prompt yet")
    assert "Videos: 3" in card.text
    await anna.send_text("leaves")
    assert (await world.card(anna.chat_id, "leaves")).labels()[-2:] == ["Generate", "Cancel"]


async def test_a_reply_without_a_prompt_waits_with_a_card(world: World, anna: Person) -> None:
    photo = await anna.send_photo(jpeg())
    card = await world.card(anna.chat_id)
    await world.presses(anna, card, "Cancel")
    asked = await anna.send_text("/video", reply_to=photo.message_id)
    await world.card(anna.chat_id, "No prompt yet", after=card.message_id)
    await anna.send_text("leaves")
    card = await world.card(anna.chat_id, "leaves")
    await world.presses(anna, card, "Generate")
    assert (await world.ordered()).request_message_id == asked.message_id


async def test_a_prompt_without_a_photo_asks_for_photos(world: World, anna: Person) -> None:
    await anna.send_text("/video x2 leaves")
    assert "No photo yet" in (await world.card(anna.chat_id, "leaves")).text
    await anna.send_photo(jpeg())
    assert "Videos: 2" in (await world.card(anna.chat_id, "1 of 3")).text


@pytest.mark.parametrize("text", ["/video", "/video x2"])
async def test_alone_it_says_how_to_use_it(world: World, anna: Person, text: str) -> None:
    await anna.send_text(text)
    assert "caption" in (await world.sees(anna.chat_id)).text


@pytest.mark.parametrize("asked", ["x0", "x5", "x99"])
async def test_a_number_that_cannot_be_asked_for_starts_nothing(world: World, anna: Person, asked: str) -> None:
    await anna.send_photo(jpeg(), f"/video {asked} leaves")
    assert "1 to 4" in (await world.sees(anna.chat_id)).text
    assert await world.orders() == []


async def test_another_bots_command_is_none_of_ours(world: World, anna: Person) -> None:
    await anna.send_text("/video@other_bot leaves")
    await anna.send_photo(jpeg(), "/video@other_bot leaves")
    await world.settled()
    assert world.server.bot_lines(anna.chat_id) == []


async def test_a_captioned_video_is_answered_by_what_to_send(world: World, anna: Person) -> None:
    await anna.send_other("video", "/video leaves")
    assert "cannot use a video" in (await world.sees(anna.chat_id)).text
    assert await world.orders() == []


async def test_a_refused_request_is_told(make_world: MakeWorld) -> None:
    world = await make_world(max_queued_per_user=3)
    anna = world.server.add_person("Anna", started=True)
    for number in range(5):
        await anna.send_photo(jpeg(number), "/video leaves")
    await world.sees(anna.chat_id, "3 requests waiting")
    # The first is next in turn and does not count as waiting.
    assert len(await world.orders()) == 4
