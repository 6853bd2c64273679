"""What is dropped unread is never anything that the handlers would have acted on."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Update

from bot.lanes import Lanes
from bot.sieve import is_foreign_talk
from bot.updates import OVERHEARD, Taking, read_update
from handlers.addressing import BotName, Manner, address_of
from handlers.media import photo_in
from services.inbox import Arrived, Inbox
from services.telemetry import Telemetry

BOT = BotName(77, "pho2video_bot")
PERSON = {"id": 5, "is_bot": False, "first_name": "Anna"}
ITSELF = {"id": 77, "is_bot": True, "first_name": "Bot", "username": "pho2video_bot"}
GROUP = {"id": -100, "type": "supergroup", "title": "Us"}
PHOTO = [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]
VIDEO = {"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9, "duration": 1}


def message(**fields: Any) -> dict[str, Any]:
    head = {"message_id": 3, "date": 1_700_000_000, "chat": GROUP, "from": PERSON}
    return {"update_id": 1, "message": head | fields}


def said(text: str, **fields: Any) -> dict[str, Any]:
    return message(text=text, **fields)


def mention(text: str, name: str) -> dict[str, Any]:
    return {"type": "mention", "offset": len(text[: text.index(name)].encode("utf-16-le")) // 2, "length": len(name)}


@pytest.mark.parametrize(
    "update",
    [
        said("good morning"),
        said("see you, @somebody", entities=[{"type": "mention", "offset": 9, "length": 9}]),
        said("a link", entities=[{"type": "url", "offset": 0, "length": 6}]),
        said("yes", reply_to_message=message(text="no")["message"]),
        message(photo=PHOTO, caption="our cat"),
        message(video=VIDEO, has_media_spoiler=True),
        said("named", entities=[{"type": "text_mention", "offset": 0, "length": 5, "user": PERSON}]),
        said("in a topic", message_thread_id=4, is_topic_message=True),
    ],
)
def test_talk(update: dict[str, Any]) -> None:
    assert is_foreign_talk(update, BOT)


@pytest.mark.parametrize(
    "update",
    [
        said("/video rain"),
        said("/VIDEO@Pho2Video_Bot rain"),
        said("@Pho2Video_Bot rain"),
        said("rain, @pho2video_bot!"),
        message(photo=PHOTO, caption="/video rain"),
        message(photo=PHOTO, caption="rain @pho2video_bot"),
        said("you there", entities=[{"type": "text_mention", "offset": 0, "length": 3, "user": ITSELF}]),
        said("rain", reply_to_message=message(text="Which words?")["message"] | {"from": ITSELF}),
        message(photo=PHOTO, media_group_id="9"),
        message(document={"file_id": "f", "file_unique_id": "u"}, media_group_id="9"),
        message(migrate_to_chat_id=-200),
        message(new_chat_members=[PERSON]),
        message(text="of a kind unknown here", tomorrows_field=1),
        said("in private", chat={"id": 5, "type": "private", "first_name": "Anna"}),
        {"update_id": 1, "edited_message": message(text="good morning")["message"]},
        {"update_id": 1, "callback_query": {"id": "1", "from": PERSON, "chat_instance": "1", "data": "d:x:go"}},
        {"update_id": 1, "message": "no object"},
        {"update_id": 1},
    ],
)
def test_anything_else_goes_on(update: dict[str, Any]) -> None:
    assert not is_foreign_talk(update, BOT)


WORDS = ("rain", "/video", "@pho2video_bot", "@PHO2VIDEO_BOT", "@other_bot", "x3", "😀", "İ", "/video@other_bot")
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    text = draw(words)
    names = [name for name in ("@pho2video_bot", "@PHO2VIDEO_BOT", "@other_bot") if name in text.split()]
    entities = [mention(text, name) for name in names]
    if draw(st.booleans()):
        user = draw(st.sampled_from([PERSON, ITSELF]))
        entities.append({"type": "text_mention", "offset": 0, "length": 1, "user": user})
    fields: dict[str, Any] = {"text": text, "entities": entities}
    if draw(st.booleans()):
        fields = {"caption": text, "caption_entities": entities, "photo": PHOTO}
    if draw(st.booleans()):
        fields["reply_to_message"] = message(text="hm")["message"] | {"from": draw(st.sampled_from([PERSON, ITSELF]))}
    if draw(st.booleans()):
        fields["media_group_id"] = "1"
    return message(**fields)


@given(messages())
def test_it_agrees_with_addressing(update: dict[str, Any]) -> None:
    read = Update.de_json(update).message
    assert read is not None
    concerns = address_of(read, BOT).manner is not Manner.NONE
    is_part_of_album = photo_in(read) is not None and read.media_group_id is not None
    if concerns or is_part_of_album:
        assert not is_foreign_talk(update, BOT)


def test_talk_keeps_its_number_and_nothing_else() -> None:
    heard = read_update(said("a secret"), lambda _: True)
    assert heard is not None
    assert (heard.arrived.update_id, heard.arrived.payload, heard.kind) == (1, "", OVERHEARD)


class Kept:
    """Inbox, lanes and telemetry that remember what they were given."""

    def __init__(self) -> None:
        self.stored: list[int] = []
        self.kinds: list[str] = []

    async def store(self, arrived: Sequence[Arrived]) -> list[Arrived]:
        self.stored += [one.update_id for one in arrived]
        return list(arrived)

    def push(self, arrived: Iterable[Arrived]) -> None:
        del arrived

    def updates_taken(self, kinds: Sequence[str], repeated: int) -> None:
        assert repeated == 0
        self.kinds += kinds


async def test_talk_is_counted_and_not_stored() -> None:
    kept = Kept()
    updates = [said("good morning"), said("/video rain") | {"update_id": 2}]
    read = [read_update(update, lambda data: is_foreign_talk(data, BOT)) for update in updates]
    await Taking(cast("Inbox", kept), cast("Lanes", kept), cast("Telemetry", kept)).take([one for one in read if one])
    assert kept.stored == [2]
    assert sorted(kept.kinds) == ["message", OVERHEARD]
