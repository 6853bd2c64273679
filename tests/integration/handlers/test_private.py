import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from sandbox.botapi import Line, Person
from services.generations.model import State
from services.options import Wanted
from services.photos.fetch import ATTEMPTS, PhotoFetcher
from services.photos.model import PhotoKind, PhotoProblem, PhotoRef
from services.store.schema import GenerationRow
from tests.buttons import is_card
from tests.integration.handlers.conftest import MakeWorld
from tests.integration.handlers.world import World
from tests.pictures import jpeg
from tests.unit.photos.pictures import photo as picture
from tests.unit.photos.pictures import png_claiming

GONE = b"gone"
NOTHING_USABLE = ("sticker", "voice", "audio", "animation", "video_note", "video", "location", "contact", "dice")


def cards(world: World, person: Person) -> list[Line]:
    return [line for line in world.server.bot_lines(person.chat_id) if is_card(line)]


async def test_photos_and_words_in_any_order_make_one_card(world: World, anna: Person) -> None:
    await anna.send_text("leaves")
    await anna.send_photo(jpeg(1), "fall")
    await anna.send_photo(jpeg(2))
    await anna.send_text("slowly")
    await world.settled()
    (card,) = cards(world, anna)
    assert "2 of 3" in card.text
    assert "leaves fall slowly" in card.text
    assert card.labels() == ["• 1 •", "2", "3", "4", "• ▭ Wide •", "▯ Tall", "💡 Ideas", "Generate", "Cancel"]


async def test_generate_places_what_the_card_shows(world: World, anna: Person) -> None:
    photo = await anna.send_photo(jpeg(), "leaves fall")
    card = await world.card(anna.chat_id)
    assert await world.presses(anna, card, "3") == ""
    card = await world.card(anna.chat_id, "Videos: 3")
    assert await world.presses(anna, card, "Generate") == ""
    order = await world.ordered()
    assert (order.prompt, order.options.count, order.language) == ("leaves fall", 3, "en")
    assert (order.request_message_id, order.status_message_id) == (photo.message_id, card.message_id)
    (sent,) = await world.photos(order)
    assert sent.kind is PhotoKind.PHOTO
    assert world.server.file_path(sent.file_id).read_bytes() == jpeg()


async def test_two_taps_on_generate_start_one(world: World, anna: Person) -> None:
    await anna.send_photo(jpeg(), "leaves fall")
    card = await world.card(anna.chat_id)
    queries = [await anna.press(card.message_id, "Generate") for _ in range(2)]
    answers = [(await world.server.wait_for_answer(query)).answer for query in queries]
    assert answers == ["", "This request has been started already."]
    assert len(await world.orders()) == 1


async def test_updates_that_come_twice_change_nothing(world: World, anna: Person) -> None:
    await anna.send_photo(jpeg(), "leaves fall")
    card = await world.card(anna.chat_id)
    await world.presses(anna, card, "Generate")
    await anna.send_photo(jpeg(1), "/video wind")
    await world.settled()
    before = [line.message_id for line in world.server.bot_lines(anna.chat_id)]
    await world.repeat_updates()
    assert len(await world.orders()) == 2
    assert [line.message_id for line in world.server.bot_lines(anna.chat_id)] == before


async def test_an_album_in_any_order_is_one_draft(world: World, anna: Person) -> None:
    parts = await anna.send_album([jpeg(1), jpeg(2), jpeg(3)], ["", "fall", "leaves"], order=[2, 0, 1])
    await world.settled()
    (card,) = cards(world, anna)
    assert "fall leaves" in card.text
    await world.presses(anna, card, "Generate")
    order = await world.ordered()
    assert order.request_message_id == parts[0].message_id
    shown = [world.server.file_path(photo.file_id).read_bytes() for photo in await world.photos(order)]
    assert shown == [jpeg(1), jpeg(2), jpeg(3)]


async def test_of_five_photos_the_first_three_stay_and_one_sentence_says_so(world: World, anna: Person) -> None:
    await anna.send_album([jpeg(number) for number in range(5)], "leaves fall", order=[4, 3, 0, 2, 1])
    await world.settled()
    told = [text for text in world.texts_in(anna.chat_id) if "first three" in text]
    assert len(told) == 1
    (card,) = cards(world, anna)
    await world.presses(anna, card, "Generate")
    photos = await world.photos(await world.ordered())
    assert [world.server.file_path(one.file_id).read_bytes() for one in photos] == [jpeg(0), jpeg(1), jpeg(2)]


async def test_an_image_file_joins_a_draft(world: World, anna: Person) -> None:
    await anna.send_document(
        picture("HEIF"), "leaves fall", file_name="IMG_1.HEIC", mime_type="application/octet-stream"
    )
    card = await world.card(anna.chat_id)
    await world.presses(anna, card, "Generate")
    (photo,) = await world.photos(await world.ordered())
    assert (photo.kind, photo.file_name) == (PhotoKind.DOCUMENT, "IMG_1.HEIC")
    assert world.server.calls("getFile")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n?", "cannot be read"),
        (png_claiming(10_000, 6_000), "50 megapixels"),
        (b"?", "not a kind of image"),
        (GONE, "send it again"),
    ],
)
async def test_an_unusable_image_is_refused_and_leaves_no_card(
    world: World, anna: Person, content: bytes, words: str
) -> None:
    if content == GONE:
        unavailable = "Bad Request: wrong file_id or the file is temporarily unavailable"
        world.server.fail("getFile", times=ATTEMPTS, description=unavailable)
    sent = await anna.send_document(content, "leaves fall", file_name="bad.png", mime_type="image/png")
    await world.settled()
    (line,) = world.server.bot_lines(anna.chat_id)
    assert words in line.text
    assert line.reply_to == sent.message_id


async def test_a_file_that_is_too_large_is_refused_without_a_look(world: World, anna: Person) -> None:
    await anna.send_document(bytes(20_000_001), file_name="big.png", mime_type="image/png")
    await world.settled()
    (line,) = world.server.bot_lines(anna.chat_id)
    assert "20 MB" in line.text
    assert world.server.calls("getFile") == []


@pytest.mark.parametrize("kind", NOTHING_USABLE)
async def test_what_cannot_be_used_is_answered_by_what_to_send(world: World, anna: Person, kind: str) -> None:
    await anna.send_other(kind)
    await world.settled()
    (line,) = world.server.bot_lines(anna.chat_id)
    assert "send 1 to 3 photos" in line.text


async def test_an_album_of_videos_is_answered_once(world: World, anna: Person) -> None:
    await anna.send_other("dice")
    await world.settled()
    wire = next(one.wire() for one in world.server.backend.updates.produced)
    clip = {"file_id": "a", "file_unique_id": "b", "width": 9, "height": 9, "duration": 1}
    for number in (101, 102, 103):
        base = {name: value for name, value in wire["message"].items() if name != "dice"}  # type: ignore[attr-defined]
        part = base | {"message_id": number, "media_group_id": "5", "video": clip}
        await world.take({"update_id": wire["update_id"] + number, "message": part})  # type: ignore[operator]
    await world.settled()
    assert ["a video" in text for text in world.texts_in(anna.chat_id)] == [False, True]


async def test_a_pdf_is_answered_in_the_persons_language(world: World, bao: Person) -> None:
    await bao.send_document(b"%PDF", file_name="a.pdf", mime_type="application/pdf")
    line = await world.sees(bao.chat_id)
    assert "1 đến 3 ảnh" in line.text


async def test_an_edit_changes_the_prompt_of_a_draft_alone(world: World, anna: Person) -> None:
    sent = await anna.send_photo(jpeg(), "old words")
    await world.card(anna.chat_id, "old words")
    await anna.edit(sent, "new words")
    card = await world.card(anna.chat_id, "new words")
    await world.presses(anna, card, "Generate")
    lines = len(world.server.bot_lines(anna.chat_id))
    await anna.edit(sent, "late words")
    assert (await world.ordered()).prompt == "new words"
    assert len(world.server.bot_lines(anna.chat_id)) == lines


async def test_cancel_closes_the_card(world: World, anna: Person) -> None:
    await anna.send_photo(jpeg(), "leaves fall")
    card = await world.card(anna.chat_id)
    assert await world.presses(anna, card, "Cancel") == ""
    closed = await world.sees(anna.chat_id, "Cancelled")
    assert (closed.message_id, closed.labels()) == (card.message_id, [])
    assert "cancelled" in (await world.presses_data(anna, card, card.button("Generate").data or "") or "")
    assert await world.orders() == []


async def test_the_cancel_command_closes_the_card(world: World, anna: Person) -> None:
    await anna.send_photo(jpeg(), "leaves fall")
    card = await world.card(anna.chat_id)
    await anna.send_text("/cancel")
    await world.settled()
    assert world.server.line(anna.chat_id, card.message_id).labels() == []


async def test_a_deleted_card_comes_back_with_the_next_message(world: World, anna: Person) -> None:
    await anna.send_photo(jpeg())
    card = await world.card(anna.chat_id)
    await anna.delete(card.message_id)
    await anna.send_text("leaves fall")
    assert (await world.card(anna.chat_id, "leaves fall")).message_id > card.message_id


async def test_a_prompt_of_html_and_right_to_left_words_is_shown_as_it_is(world: World, anna: Person) -> None:
    await anna.send_photo(jpeg(), "<b>שלום</b> & 🎬")
    assert "\u2068<b>שלום</b> & 🎬\u2069" in (await world.card(anna.chat_id)).text


async def test_a_limit_that_is_reached_leaves_the_card_as_it_is(make_world: MakeWorld) -> None:
    world = await make_world(daily_videos_per_user=2)
    anna = world.server.add_person("Anna", started=True)
    await anna.send_photo(jpeg(), "leaves fall")
    card = await world.card(anna.chat_id)
    await world.presses(anna, card, "3")
    card = await world.card(anna.chat_id, "Videos: 3")
    assert "2 of your 2 videos" in (await world.presses(anna, card, "Generate") or "")
    assert world.server.line(anna.chat_id, card.message_id).labels()[-2:] == ["Generate", "Cancel"]


async def test_who_wants_no_questions_gets_none(world: World, anna: Person) -> None:
    await world.services.people.preferences(anna.user_id, "en")
    await world.services.people.choose(anna.user_id, usual=Wanted(count=2))
    await world.services.people.choose(anna.user_id, starts_at_once=True)
    await anna.send_album([jpeg(1), jpeg(2)], "leaves fall")
    order = await world.ordered()
    assert (order.options.count, len(await world.photos(order))) == (2, 2)
    assert [line.message_id for line in world.server.bot_lines(anna.chat_id)] == [order.status_message_id]


async def test_what_starts_by_itself_waits_for_the_check_of_a_photo_and_not_longer(
    world: World, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def inspect(_fetcher: PhotoFetcher, _photo: PhotoRef) -> PhotoProblem:
        begun.set()
        await let_go.wait()
        return PhotoProblem.BROKEN

    monkeypatch.setattr(PhotoFetcher, "inspect", inspect)
    await world.services.people.preferences(anna.user_id, "en")
    await world.services.people.choose(anna.user_id, starts_at_once=True)
    await anna.send_photo(jpeg(), "leaves fall")
    await anna.send_document(b"?", file_name="bad.png", mime_type="image/png")
    await begun.wait()
    async with world.clock.hurried():
        await world.clock.sleep(5)
    assert await world.services.database.read(Session.scalar, select(GenerationRow.id)) is None
    let_go.set()
    checked_at = world.clock.now()
    order = await world.ordered()
    assert order.queued_at < checked_at + timedelta(seconds=5)


@pytest.mark.parametrize("data", ["d:", "d:d1:9", "d:nothing:go", "g:x:again", "g::", "zzz", "d:" + "x" * 60])
async def test_forged_buttons_are_answered(world: World, anna: Person, data: str) -> None:
    await anna.send_photo(jpeg(), "leaves fall")
    card = await world.card(anna.chat_id)
    assert await world.presses_data(anna, card, data)
    assert await world.orders() == []


async def test_words_on_a_part_of_an_album_that_is_no_photo_are_the_prompt(world: World, anna: Person) -> None:
    sent = await anna.send_photo(jpeg())
    await world.settled()
    wires: list[dict[str, Any]] = [update.wire() for update in world.server.backend.updates.produced]
    wire = next(wire for wire in wires if wire["message"].get("photo"))
    film = {"file_id": "v", "file_unique_id": "v", "width": 320, "height": 180, "duration": 2}
    changed = {"photo": [], "video": film, "caption": "leaves fall", "media_group_id": "7"}
    wire |= {"update_id": 90_000, "message": wire["message"] | changed | {"message_id": sent.message_id + 500}}
    await world.take(wire)
    card = await world.card(anna.chat_id, "leaves fall")
    await world.settled()
    assert "1 of 3" in card.text
    assert "video" in world.texts_in(anna.chat_id)[-1]


async def test_cancel_on_the_card_of_a_request_that_has_just_started_stops_it(world: World, anna: Person) -> None:
    await anna.send_photo(jpeg(), "leaves fall")
    card = await world.card(anna.chat_id)
    pressed = [await anna.press(card.message_id, label) for label in ("Generate", "Cancel")]
    answers = [(await world.server.wait_for_answer(query)).answer for query in pressed]
    assert answers == ["", "Stopping…"]
    assert [order.state for order in await world.orders()] == [State.CANCELLED]
