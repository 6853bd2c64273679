from datetime import UTC, datetime

import pytest
from telegram import (
    Animation,
    Chat,
    Checklist,
    ChecklistTask,
    Document,
    ExternalReplyInfo,
    LivePhoto,
    Message,
    MessageAutoDeleteTimerChanged,
    MessageOriginHiddenUser,
    PaidMediaInfo,
    PaidMediaLivePhoto,
    PaidMediaPhoto,
    PaidMediaPreview,
    PhotoSize,
    Poll,
    Story,
    Venue,
    Video,
)
from telegram import Location as Place

from handlers.media import album_words_in, photo_in, unusable_in, words_in
from services.photos.model import PhotoKind

CHAT = Chat(1, Chat.PRIVATE)

POLL = Poll("1", "a", [], 0, False, True, Poll.REGULAR, False, allows_revoting=True, members_only=False)


def message(**content: object) -> Message:
    return Message(5, datetime(2026, 3, 30, tzinfo=UTC), CHAT, **content)  # type: ignore[arg-type]


def document(mime_type: str | None = None, file_name: str | None = None) -> Document:
    return Document("a", "b", file_name=file_name, mime_type=mime_type, file_size=9)


def test_of_a_photo_the_largest_size_is_taken() -> None:
    sizes = [PhotoSize(name, name, side, side, 9) for name, side in (("m", 320), ("x", 1280), ("s", 90))]
    found = photo_in(message(photo=sizes))
    assert found is not None
    assert (found.file_id, found.kind, found.size) == ("x", PhotoKind.PHOTO, 9)


@pytest.mark.parametrize(
    ("mime_type", "file_name", "is_image"),
    [
        ("image/jpeg", None, True),
        ("IMAGE/PNG", "a", True),
        ("image/webp", None, True),
        ("image/heic", None, True),
        ("image/heif", None, True),
        ("application/octet-stream", "IMG_1.HEIC", True),
        (None, "a.JPeG", True),
        ("application/pdf", "a.pdf", False),
        ("image/gif", "a.gif", False),
        ("image/svg+xml", "a.svg", False),
        (None, None, False),
        (None, "jpg", False),
    ],
)
def test_which_files_say_that_they_are_images(mime_type: str | None, file_name: str | None, is_image: bool) -> None:
    carrying = message(document=document(mime_type, file_name))
    assert (photo_in(carrying) is not None) is is_image
    assert (unusable_in(carrying) is None) is is_image


def test_a_gif_is_no_image_file_though_it_comes_with_one() -> None:
    gif = message(animation=Animation("a", "b", 9, 9, 1), document=document("image/jpeg", "a.jpg"))
    assert photo_in(gif) is None
    assert unusable_in(gif) == "animation"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"video": Video("a", "b", 9, 9, 1)}, "video"),
        ({"venue": Venue(Place(1.0, 2.0), "a", "b"), "location": Place(1.0, 2.0)}, "location"),
        ({"poll": POLL}, "poll"),
        ({"story": Story(CHAT, 1)}, "story"),
        ({"checklist": Checklist("a", [ChecklistTask(1, "a")])}, "other"),
        ({"document": document("application/zip", "a.zip")}, "document"),
    ],
)
def test_what_cannot_be_used_is_named(content: dict[str, object], kind: str) -> None:
    assert unusable_in(message(**content)) == kind


@pytest.mark.parametrize(
    "content",
    [{"text": "a"}, {"message_auto_delete_timer_changed": MessageAutoDeleteTimerChanged(9)}, {"new_chat_title": "a"}],
)
def test_words_and_service_messages_are_not_called_unusable(content: dict[str, object]) -> None:
    assert unusable_in(message(**content)) is None


def test_words_are_text_or_caption() -> None:
    assert words_in(message(text="a")) == "a"
    assert words_in(message(caption="b", document=document())) == "b"
    assert words_in(message(document=document())) == ""


STILL = PhotoSize("still", "u", 320, 240, 9)
LIVE = LivePhoto("film", "f", 320, 240, 2, photo=[STILL])


@pytest.mark.parametrize(
    "content",
    [
        {"live_photo": LIVE},
        {"paid_media": PaidMediaInfo(5, [PaidMediaPreview(), PaidMediaPhoto([STILL])])},
        {"paid_media": PaidMediaInfo(5, [PaidMediaLivePhoto(LIVE)])},
    ],
)
def test_a_still_counts_in_a_message_and_in_a_reply_across_chats(content: dict[str, object]) -> None:
    origin = MessageOriginHiddenUser(datetime(2026, 3, 30, tzinfo=UTC), "Somebody")
    for place in (message(**content), ExternalReplyInfo(origin, **content)):  # type: ignore[arg-type]
        found = photo_in(place)
        assert found is not None
        assert found.file_id == "still"


@pytest.mark.parametrize(
    "content",
    [
        {"live_photo": LivePhoto("film", "f", 320, 240, 2)},
        {"paid_media": PaidMediaInfo(5, [PaidMediaPreview()])},
        {"story": Story(CHAT, 1)},
    ],
)
def test_what_shows_no_picture_is_no_photo(content: dict[str, object]) -> None:
    origin = MessageOriginHiddenUser(datetime(2026, 3, 30, tzinfo=UTC), "Somebody")
    assert photo_in(ExternalReplyInfo(origin, **content)) is None  # type: ignore[arg-type]


def test_words_of_an_album_are_those_of_a_part_that_is_no_photo() -> None:
    film = Video("v", "v", 320, 240, 2)
    assert album_words_in(message(video=film, caption=" leaves ", media_group_id="1")) == "leaves"
    assert album_words_in(message(video=film, caption="leaves")) == ""
    assert album_words_in(message(photo=[STILL], caption="leaves", media_group_id="1")) == ""
