"""Photos and files as people have them, against servers that are not the sandbox."""

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from tests.acceptance.e2e.plain_base import Json
from tests.acceptance.e2e.plain_people import Talker
from tests.acceptance.e2e.plain_world import PlainWorld, picture, plain_world, together
from tests.unit.photos.pictures import CORNERS, PLACE, photo, png_claiming

FILE: Json = {"file_id": "other", "file_unique_id": "o", "file_size": 1000}
CLIP = FILE | {"width": 640, "height": 360, "duration": 3}
PLACE_ON_EARTH = {"latitude": 21.03, "longitude": 105.85}

UNUSABLE: dict[str, dict[str, Any]] = {
    "a video": {"video": CLIP, "caption": "make this better"},
    "a round video": {"video_note": FILE | {"length": 240, "duration": 3}},
    "a GIF": {"animation": CLIP, "document": FILE | {"file_name": "a.gif", "mime_type": "video/mp4"}},
    "a voice message": {"voice": FILE | {"duration": 2}},
    "audio": {"audio": FILE | {"duration": 2, "file_name": "a.mp3"}},
    "a PDF": {"document": FILE | {"file_name": "a.pdf", "mime_type": "application/pdf"}},
    "a file without name and type": {"document": FILE},
    "a GIF file": {"document": FILE | {"file_name": "a.gif", "mime_type": "image/gif"}},
    "a sticker": {
        "sticker": FILE | {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
    },
    "a place": {"location": PLACE_ON_EARTH},
    "a venue": {"venue": {"location": PLACE_ON_EARTH, "title": "A", "address": "B"}, "location": PLACE_ON_EARTH},
    "a contact": {"contact": {"phone_number": "1", "first_name": "A"}},
    "a die": {"dice": {"emoji": "🎲", "value": 3}},
    "a story": {"story": {"id": 1, "chat": {"id": 5, "type": "private", "first_name": "A"}}},
    "a poll": {
        "poll": {
            "id": "1",
            "question": "?",
            "options": [],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": True,
            "type": "regular",
            "allows_multiple_answers": False,
            "allows_revoting": False,
            "members_only": False,
        }
    },
    "a command on a video": {"video": CLIP, "caption": "/video faster"},
}

SERVICE: tuple[dict[str, Any], ...] = (
    {"message_auto_delete_timer_changed": {"message_auto_delete_time": 86400}},
    {"write_access_allowed": {"from_request": True}},
    {
        "proximity_alert_triggered": {
            "traveler": {"id": 1, "is_bot": False, "first_name": "A"},
            "watcher": {"id": 2, "is_bot": False, "first_name": "B"},
            "distance": 1,
        }
    },
    {"a_kind_of_tomorrow": {"x": 1}},
    {"poll": {"id": "of a shape that the library cannot read"}},
)


async def test_files_arrive_upright_without_their_secrets_and_bad_ones_are_refused(tmp_path: Path) -> None:
    async with plain_world(tmp_path) as here:
        await together(
            *(a_file(here, kind, name) for kind, name in FILES.items()),
            *(an_odd_file(here, name) for name in ODD),
            an_album_of_files(here),
            photos_and_files_mixed(here),
            a_bad_file_beside_good_photos(here),
            *(refused(here, *bad) for bad in bad_files()),
            *(unusable(here, what, fields) for what, fields in UNUSABLE.items()),
            service_messages(here),
        )


FILES = {"JPEG": "IMG_1.JPG", "PNG": "shot.png", "WEBP": "a.webp", "HEIF": "IMG_2.HEIC"}
OUT = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/jpeg"}


def check_upright(content: bytes) -> None:
    assert PLACE not in content
    image = Image.open(BytesIO(content)).convert("RGB")
    assert not image.getexif()
    width, height = image.size
    assert (width, height) == (96, 64)
    for wanted, (x, y) in zip(CORNERS, ((8, 8), (88, 8), (8, 56), (88, 56)), strict=True):
        found = image.getpixel((x, y))
        assert isinstance(found, tuple)
        assert all(abs(a - b) < 24 for a, b in zip(found, wanted, strict=True))


async def a_file(here: PlainWorld, kind: str, name: str) -> None:
    anna = here.person()
    request = anna.document(photo(kind, 1 if kind == "HEIF" else 6), name, f"a {kind} file", f"image/{kind.lower()}")
    await anna.answer(anna.press(await anna.card(f"a {kind} file", photos=1), ":go"))
    await anna.ended("Done")
    (post,) = here.genaipro.posts_of(f"a {kind} file")
    ((_, file, out, content),) = [part for part in post.parts if part[0] == "reference_images"]
    assert out == OUT[kind]
    assert file.isascii()
    check_upright(content)
    assert len(anna.replies(request)) == 1


ODD = {
    "zero-byte-between-segments.jpg": (64, 48),
    "zero-byte-between-segments-turned.jpg": (48, 64),
    "behind-the-end-201-ffda.jpg": (64, 48),
    "no-iend.png": (64, 48),
    "display-p3-gamut-with-srgb-transfer.jpg": (64, 48),
}
"""Files that fall short and that any viewer shows, and their size upright."""


async def an_odd_file(here: PlainWorld, name: str) -> None:
    anna = here.person()
    anna.document((Path(__file__).parents[2] / "unit" / "photos" / "field" / name).read_bytes(), name, name)
    await anna.answer(anna.press(await anna.card(name, photos=1), ":go"))
    await anna.ended("Done")
    (post,) = here.genaipro.posts_of(name)
    image = Image.open(BytesIO(post.photos[0])).convert("RGB")
    assert image.size == ODD[name]
    found = image.getpixel((24, 24))
    assert isinstance(found, tuple)
    assert all(abs(a - b) < 9 for a, b in zip(found, (255, 16, 0) if "p3" in name else (200, 30, 30), strict=True))


async def an_album_of_files(here: PlainWorld) -> None:
    anna = here.person()
    for number, (kind, name) in enumerate(list(FILES.items())[:3]):
        caption = "an album of files" if number == 1 else ""
        anna.document(photo(kind, 8), name, caption, media_group_id="files")
    await anna.answer(anna.press(await anna.card("an album of files", photos=3), ":go"))
    await anna.ended("Done")
    (post,) = here.genaipro.posts_of("an album of files")
    assert [Image.open(BytesIO(one)).format for one in post.photos] == ["JPEG", "PNG", "WEBP"]
    for one in post.photos:
        check_upright(one)


async def photos_and_files_mixed(here: PlainWorld) -> None:
    anna = here.person()
    anna.photo(picture(60))
    anna.document(photo("PNG"), "x.PNG", mime="image/png")
    anna.photo(picture(61), "mixed")
    await anna.answer(anna.press(await anna.card("mixed", photos=3), ":go"))
    await anna.ended("Done")
    (post,) = here.genaipro.posts_of("mixed")
    assert post.photos[::2] == [picture(60), picture(61)]
    check_upright(post.photos[1])


async def a_bad_file_beside_good_photos(here: PlainWorld) -> None:
    anna = here.person()
    anna.photo(picture(62), "with a bad one")
    bad = anna.document(b"\xff\xd8\xff\xe0 no more", "bad.jpg", "and its words", "image/jpeg")
    assert (await anna.reads("cannot be read"))["reply_to_message"] is bad
    await anna.answer(anna.press(await anna.card("with a bad one", photos=1), ":go"))
    await anna.ended("Done")
    assert here.genaipro.posts_of("with a bad one")[0].photos == [picture(62)]


def bad_files() -> list[tuple[str, bytes, str]]:
    heavy = 20_000_001
    return [
        ("cannot be read", photo("JPEG")[:400], "cut.jpg"),
        ("cannot be read", b"", "empty.png"),
        ("not a kind of image", b"<html>no</html>", "page.jpg"),
        ("50 megapixels", png_claiming(10_000, 6_000), "large.png"),
        ("50 megapixels", png_claiming(2**31 - 1, 2**31 - 1), "bomb.png"),
        ("20 MB", bytes(heavy), "heavy.png"),
        ("20 MB", bytes(heavy), "of unknown size.png"),
    ]


async def refused(here: PlainWorld, words: str, content: bytes, name: str) -> None:
    anna = here.person()
    sent = anna.document(content, name, "with words", "image/png", seen=False)
    if "unknown" in name:
        del sent["document"]["file_size"]
    anna.tell(sent)
    (told,) = [await anna.reads(words)]
    assert told["reply_to_message"] is sent
    await nothing_more(anna, told)


async def unusable(here: PlainWorld, what: str, fields: dict[str, Any]) -> None:
    for language, words in (("en", "send 1 to 3 photos"), ("vi", "1 đến 3 ảnh")):
        person = here.person(language=language)
        person.write(**fields)
        told = await person.reads(words)
        assert told["text"].count(". ") == 0, f"{what}: one sentence"
        await nothing_more(person, told)


async def service_messages(here: PlainWorld) -> None:
    anna = here.person()
    for fields in SERVICE:
        anna.write(**fields)
    anna.text("/help")
    told = await anna.reads("How to get a video")
    assert anna.from_bot() == [told]


async def nothing_more(anna: Talker, *told: Json) -> None:
    """What comes next is answered, and there was nothing else."""
    anna.text("/cancel")
    last = await anna.sees(lambda one: "nothing to cancel" in one["text"] or "Không có gì" in one["text"])
    assert anna.from_bot() == [*told, last]
