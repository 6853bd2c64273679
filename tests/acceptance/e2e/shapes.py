"""The ways in which people put photos and a prompt together, each as somebody who does it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sandbox.botapi import Message
from tests.acceptance.e2e.stage import picture
from tests.acceptance.e2e.talking import Talker


def numbered(start: int, count: int) -> list[bytes]:
    return [picture(number) for number in range(start, start + count)]


@dataclass(frozen=True)
class Asked:
    """What a conversation asked for, and the message that the videos must reply to."""

    photos: Sequence[bytes]
    prompt: str
    request: Message


Play = Callable[[Talker], Awaitable[Asked]]


async def photo_with_caption(anna: Talker) -> Asked:
    (one,) = numbered(1, 1)
    return Asked([one], "photo with caption", await anna.photo(one, "photo with caption"))


async def photo_then_text(anna: Talker) -> Asked:
    (one,) = numbered(2, 1)
    request = await anna.photo(one)
    await anna.card(photos=1, ready=False)
    await anna.text("photo then text")
    return Asked([one], "photo then text", request)


async def text_then_photo(anna: Talker) -> Asked:
    (one,) = numbered(3, 1)
    await anna.text("text then photo")
    await anna.card("text then photo", ready=False)
    return Asked([one], "text then photo", await anna.photo(one))


async def text_photo_text(anna: Talker) -> Asked:
    (one,) = numbered(4, 1)
    await anna.text("text before")
    request = await anna.photo(one)
    await anna.text("text after")
    return Asked([one], "text before\ntext after", request)


async def three_photos(anna: Talker) -> Asked:
    photos = numbered(5, 3)
    first, *_ = [await anna.photo(one) for one in photos]
    await anna.text("three single photos")
    return Asked(photos, "three single photos", first)


async def captions_on_several(anna: Talker) -> Asked:
    photos = numbered(10, 2)
    first = await anna.photo(photos[0], "first words")
    await anna.photo(photos[1], "second words")
    return Asked(photos, "first words\nsecond words", first)


def album(size: int, caption_at: int, order: Sequence[int], gap: float = 0.0) -> Play:
    """An album whose parts the bot hears of in some order, with pauses between them."""

    async def play(anna: Talker) -> Asked:
        photos = numbered(20 + size, size)
        prompt = f"album of {size}, caption {caption_at}, order {order}, gap {gap}"
        captions = [prompt if at == caption_at else "" for at in range(size)]
        parts = await anna.album(photos, captions)
        for number, at in enumerate(order):
            if number and gap:
                await asyncio.sleep(gap)
            anna.tell(parts[at])
        return Asked(photos[:3], prompt, parts[0])

    return play


SHAPES: dict[str, Play] = {
    "photo with caption": photo_with_caption,
    "photo then text": photo_then_text,
    "text then photo": text_then_photo,
    "text, photo, text": text_photo_text,
    "three photos": three_photos,
    "captions on several": captions_on_several,
    "album of 2": album(2, 0, [0, 1]),
    "album of 3, caption on the second": album(3, 1, [0, 1, 2]),
    "album of 3, caption on the last": album(3, 2, [0, 1, 2]),
    "album backwards": album(3, 0, [2, 1, 0]),
    "album in disorder": album(3, 1, [1, 2, 0], 0.3),
    "album with gaps": album(3, 2, [0, 1, 2], 1.0),
    "album with gaps, backwards": album(2, 0, [1, 0], 0.9),
    "album of 4": album(4, 0, [0, 1, 2, 3]),
    "album of 10 in disorder": album(10, 9, [7, 3, 9, 1, 0, 8, 2, 6, 4, 5], 0.05),
}
