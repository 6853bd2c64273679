from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Chat, ForumTopicCreated, Message, MessageEntity, PhotoSize, User
from telegram.constants import MessageEntityType

from handlers.addressing import (
    VIDEO_COMMAND,
    VideoRequest,
    is_for_another_bot,
    read_address,
    read_command,
    read_mention,
    read_request,
    replied_to,
)
from services.options import Wanted

NOW = datetime(2026, 3, 30, tzinfo=UTC)
GROUP = Chat(-100, Chat.SUPERGROUP)
ANNA = User(1, "Anna", is_bot=False)
BOT = User(7, "Bot", is_bot=True, username="Pho2Video_bot")


def mention(text: str, name: str = "@pho2video_bot", user: User | None = None) -> MessageEntity:
    before = text[: text.index(name)].encode("utf-16-le")
    kind = MessageEntityType.TEXT_MENTION if user else MessageEntityType.MENTION
    return MessageEntity(kind, len(before) // 2, len(name.encode("utf-16-le")) // 2, user=user)


def message(**content: object) -> Message:
    return Message(5, NOW, GROUP, from_user=ANNA, **content)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("/video leaves fall", VideoRequest("leaves fall")),
        ("/VIDEO@pho2video_BOT  leaves\nfall ", VideoRequest("leaves\nfall")),
        ("/video", VideoRequest("")),
        ("/video@Pho2Video_bot", VideoRequest("")),
        ("/video x3 leaves", VideoRequest("leaves", Wanted(3))),
        ("/video\nX1\nleaves", VideoRequest("leaves", Wanted(1))),
        ("/video ×4", VideoRequest("", Wanted(4))),
        ("/video x5 leaves", VideoRequest("leaves", is_count_wrong=True)),
        ("/video x0", VideoRequest("", is_count_wrong=True)),
        ("/video x3d glasses", VideoRequest("x3d glasses")),
        ("/video x 3", VideoRequest("x 3")),
        ("/video x264", VideoRequest("x264")),
        ("/video leaves x3", VideoRequest("leaves x3")),
        ("/videos leaves", None),
        ("/video@other_bot leaves", None),
        ("/video@pho2video_bot2 leaves", None),
        ("see /video leaves", None),
        ("video leaves", None),
        ("", None),
    ],
)
def test_what_the_command_asks_for(text: str, asked: VideoRequest | None) -> None:
    assert read_command(text, BOT) == asked


@pytest.mark.parametrize(
    ("text", "is_command", "is_anothers"),
    [
        ("/video a", True, False),
        ("/video@other a", True, True),
        ("/Video@PHO2VIDEO_BOT", True, False),
        ("/videos", False, False),
    ],
)
def test_whose_command_it_is(text: str, is_command: bool, is_anothers: bool) -> None:
    assert (VIDEO_COMMAND.match(text) is not None) is is_command
    assert is_for_another_bot(text, BOT) is is_anothers


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("@pho2video_bot leaves", VideoRequest("leaves")),
        ("@pho2video_bot, leaves", VideoRequest("leaves")),
        ("@pho2video_bot x2 leaves", VideoRequest("leaves", Wanted(2))),
        ("leaves @pho2video_bot", VideoRequest("leaves")),
        ("🍂 leaves @pho2video_bot fall 🍂", VideoRequest("🍂 leaves fall 🍂")),
        ("@pho2video_bot", VideoRequest("")),
    ],
)
def test_a_mention_is_left_out_of_the_prompt(text: str, asked: VideoRequest) -> None:
    assert read_mention(text, [mention(text)], BOT) == asked


def test_a_mention_by_name_counts_and_others_do_not() -> None:
    text = "Helper leaves @someone"
    assert read_mention(text, [mention(text, "Helper", BOT)], BOT) == VideoRequest("leaves @someone")
    assert read_mention(text, [mention(text, "@someone"), mention(text, "Helper", ANNA)], BOT) is None
    assert read_mention("@pho2video_bot without an entity", [], BOT) is None


WORDS = st.text(st.sampled_from("aé🍂世👍🏽 "), min_size=1).map(str.strip).filter(bool)


@given(WORDS, WORDS)
def test_whatever_stands_around_a_mention_is_the_prompt(before: str, after: str) -> None:
    text = f"{before} @pho2video_bot {after}"
    assert read_mention(text, [mention(text)], BOT) == VideoRequest(f"{before} {after}")


@given(st.text(max_size=60))
def test_reading_never_fails_and_a_count_is_one_that_can_be_asked_for(text: str) -> None:
    asked = read_request(text)
    assert asked.wanted.count in {None, 1, 2, 3, 4}
    read_command(f"/video{text}", BOT)
    assert asked.prompt == asked.prompt.strip()


MENTION = "@pho2video_bot"
PHOTO = (PhotoSize("a", "b", 10, 10),)
OF_BOT = Message(4, NOW, GROUP, from_user=BOT, text="hello")
OF_ANNA = Message(3, NOW, GROUP, from_user=ANNA, text="hello")
TOPIC = Message(2, NOW, GROUP, from_user=BOT, forum_topic_created=ForumTopicCreated("Films", 1))


@pytest.mark.parametrize(
    ("content", "how"),
    [
        ({"text": "hello"}, None),
        ({"photo": PHOTO, "caption": "hello"}, None),
        ({"text": "/video leaves"}, "request"),
        ({"photo": PHOTO, "caption": "/video leaves"}, "request"),
        ({"text": "/video@other_bot a", "reply_to_message": OF_BOT}, None),
        ({"text": "@pho2video_bot a", "entities": [mention("@pho2video_bot a")]}, "request"),
        (
            {"photo": PHOTO, "caption": "@pho2video_bot", "caption_entities": [mention("@pho2video_bot")]},
            "request",
        ),
        ({"photo": PHOTO, "reply_to_message": OF_BOT}, "reply"),
        ({"text": "leaves", "reply_to_message": OF_BOT}, "reply"),
        ({"text": "/other", "reply_to_message": OF_BOT}, None),
        ({"dice": None, "reply_to_message": OF_BOT}, None),
        ({"photo": PHOTO, "reply_to_message": OF_ANNA}, None),
        ({"photo": PHOTO, "reply_to_message": TOPIC, "is_topic_message": True}, None),
    ],
)
def test_how_a_message_in_a_group_addresses_the_bot(content: dict[str, object], how: str | None) -> None:
    request = read_address(message(**content), BOT)
    assert (request and ("reply" if request.is_reply else "request")) == how


def test_the_creation_of_a_topic_is_not_answered() -> None:
    assert replied_to(message(text="a", reply_to_message=TOPIC)) is None
    assert replied_to(message(text="a", reply_to_message=OF_ANNA)) is OF_ANNA
