"""Photos and files as people have them."""

from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from sandbox.botapi import Line, Message, Person
from tests.acceptance.e2e.stage import Stage, picture, stage, together
from tests.acceptance.e2e.talking import Talker
from tests.unit.photos.pictures import CORNERS, PLACE, photo, png_claiming

Sending = Callable[[Person], Awaitable[Message]]


def other(kind: str, caption: str = "") -> Sending:
    return lambda person: person.send_other(kind, caption)


def file(content: bytes, name: str = "", mime: str = "") -> Sending:
    return lambda person: person.send_document(content, file_name=name, mime_type=mime)


UNUSABLE: dict[str, Sending] = {
    "a video": other("video", "make this better"),
    "a round video": other("video_note"),
    "a GIF": other("animation"),
    "a voice message": other("voice"),
    "audio": other("audio"),
    "a PDF": file(b"%PDF-1.7", "a.pdf", "application/pdf"),
    "a file without name and type": file(b"who knows"),
    "a GIF file": file(b"GIF89a", "a.gif", "image/gif"),
    "a sticker": other("sticker"),
    "a place": other("location"),
    "a venue": other("venue"),
    "a contact": other("contact"),
    "a die": other("dice"),
    "a story": other("story"),
    "a poll": other("poll"),
    "a command on a video": other("video", "/video faster"),
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
    async with stage(tmp_path) as here:
        await together(
            *(a_file(here, kind, name) for kind, name in FILES.items()),
            *(an_odd_file(here, name) for name in ODD),
            an_album_of_files(here),
            photos_and_files_mixed(here),
            a_bad_file_beside_good_photos(here),
            *(refused(here, *bad) for bad in bad_files()),
            *(unusable(here, what, send) for what, send in UNUSABLE.items()),
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


async def a_file(here: Stage, kind: str, name: str) -> None:
    anna = here.person()
    request = await anna.document(
        photo(kind, 1 if kind == "HEIF" else 6), name, f"a {kind} file", f"image/{kind.lower()}"
    )
    await anna.presses(await anna.card(f"a {kind} file", photos=1), ":go")
    await anna.ended("Done")
    (post,) = here.posts_of(f"a {kind} file")
    (sent,) = post.photos
    assert sent.content_type == OUT[kind]
    assert sent.filename
    assert sent.filename.isascii()
    check_upright(here.photos(post)[0])
    assert len(anna.replies(request)) == 1


ODD = {
    "zero-byte-between-segments.jpg": (64, 48),
    "zero-byte-between-segments-turned.jpg": (48, 64),
    "behind-the-end-201-ffda.jpg": (64, 48),
    "no-iend.png": (64, 48),
    "display-p3-gamut-with-srgb-transfer.jpg": (64, 48),
}
"""Files that fall short and that any viewer shows, and their size upright."""


async def an_odd_file(here: Stage, name: str) -> None:
    anna = here.person()
    await anna.document((Path(__file__).parents[2] / "unit" / "photos" / "field" / name).read_bytes(), name, name)
    await anna.presses(await anna.card(name, photos=1), ":go")
    await anna.ended("Done")
    (post,) = here.posts_of(name)
    image = Image.open(BytesIO(here.photos(post)[0])).convert("RGB")
    assert image.size == ODD[name]
    found = image.getpixel((24, 24))
    assert isinstance(found, tuple)
    assert all(abs(a - b) < 9 for a, b in zip(found, (255, 16, 0) if "p3" in name else (200, 30, 30), strict=True))


async def an_album_of_files(here: Stage) -> None:
    anna = here.person()
    for number, (kind, name) in enumerate(list(FILES.items())[:3]):
        caption = "an album of files" if number == 1 else ""
        await anna.document(photo(kind, 8), name, caption, group_id="files")
    await anna.presses(await anna.card("an album of files", photos=3), ":go")
    await anna.ended("Done")
    (post,) = here.posts_of("an album of files")
    assert [Image.open(BytesIO(one)).format for one in here.photos(post)] == ["JPEG", "PNG", "WEBP"]
    for one in here.photos(post):
        check_upright(one)


async def photos_and_files_mixed(here: Stage) -> None:
    anna = here.person()
    await anna.photo(picture(60))
    await anna.document(photo("PNG"), "x.PNG", mime="image/png")
    await anna.photo(picture(61), "mixed")
    await anna.presses(await anna.card("mixed", photos=3), ":go")
    await anna.ended("Done")
    (post,) = here.posts_of("mixed")
    assert here.photos(post)[::2] == [picture(60), picture(61)]
    check_upright(here.photos(post)[1])


async def a_bad_file_beside_good_photos(here: Stage) -> None:
    anna = here.person()
    await anna.photo(picture(62), "with a bad one")
    bad = await anna.document(b"\xff\xd8\xff\xe0 no more", "bad.jpg", "and its words", "image/jpeg")
    assert (await anna.reads("cannot be read")).reply_to == bad.message_id
    await anna.presses(await anna.card("with a bad one", photos=1), ":go")
    await anna.ended("Done")
    assert here.photos(here.posts_of("with a bad one")[0]) == [picture(62)]


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


async def refused(here: Stage, words: str, content: bytes, name: str) -> None:
    anna = here.person()
    sent = await anna.document(content, name, "with words", "image/png", sized="unknown" not in name)
    (told,) = [await anna.reads(words)]
    assert told.reply_to == sent.message_id
    await nothing_more(anna, told)


async def unusable(here: Stage, what: str, send: Sending) -> None:
    for language, words in (("en", "send 1 to 3 photos"), ("vi", "1 đến 3 ảnh")):
        person = here.person(language=language)
        sent = await send(person.person)
        told = await person.reads(words)
        assert told.text.count(". ") == 0, f"{what}: one sentence"
        await nothing_more(person, told)
        assert sent.media is None or not person.was_fetched(sent.media.file)


async def service_messages(here: Stage) -> None:
    anna = here.person()
    for fields in SERVICE:
        await anna.person.send_fields(fields)
    await anna.text("/help")
    told = await anna.reads("How to get a video")
    assert [one.message_id for one in anna.from_bot()] == [told.message_id]


async def nothing_more(anna: Talker, *told: Line) -> None:
    """What comes next is answered, and there was nothing else."""
    await anna.text("/cancel")
    last = await anna.sees(lambda one: "nothing to cancel" in one.text or "Không có gì" in one.text)
    assert [one.message_id for one in anna.from_bot()] == [one.message_id for one in (*told, last)]
