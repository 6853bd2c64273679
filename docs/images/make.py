"""Makes the pictures of the README from a real run of the bot in the sandbox: ``python docs/images/make.py``.

The chat is drawn by a headless Chromium, which must be installed (with Noto Sans and a font for emoji); nothing else
of the project needs one. The frame is taken from the video that came.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from html import escape
from pathlib import Path

import av
from PIL import Image

from bot.demo import bot_settings, inherited
from sandbox.botapi import BotApiOptions, BotApiServer
from sandbox.botapi.seen import Event, MessageSeen
from sandbox.botapi.terminal import Conversation
from sandbox.demo.phone import PersonPhone
from sandbox.demo.processes import start
from sandbox.demo.show import SAMPLE_PROMPTS
from sandbox.demo.visit import Request, visit
from sandbox.genaipro import GenAIProOptions, GenAIProServer
from sandbox.samples import SAMPLES

HERE = Path(__file__).resolve().parent
PACE_SECONDS = 12.0
"""Between events of the stream, for a bar that has come some way."""
PATIENCE_SECONDS = 120.0
SIZE = (1196, 732)
FRAME_AT = 0.45
"""Which part of the video the frame is from."""

Chat = dict[int, MessageSeen]


class Recorder(Conversation):
    """Keeps what the chat looked like after each event."""

    def __init__(self) -> None:
        super().__init__(lambda _line: None)
        self.chats: list[Chat] = []

    def show(self, event: Event) -> None:
        """Take in an event."""
        if event.message is not None:
            before = self.chats[-1] if self.chats else {}
            self.chats.append(before | {event.message.message_id: event.message})


async def converse(language: str, room: Path) -> tuple[list[Chat], list[MessageSeen]]:
    """Run bot and sandbox, and be the person.

    Returns:
        The chat after each event, and the messages with videos.
    """
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(BotApiServer(BotApiOptions(data_dir=room / "telegram")))
        genaipro = await stack.enter_async_context(GenAIProServer(GenAIProOptions(pace=PACE_SECONDS)))
        person = telegram.add_person("Alice", language_code=language)
        place = {
            "token": telegram.token,
            "bot_api_url": telegram.url,
            "key": genaipro.options.key,
            "genaipro_url": genaipro.url,
        }
        environment = inherited(os.environ) | bot_settings(place, language, room)
        await stack.enter_async_context(start("bot", ("-m", "bot", "run"), environment, room))
        recorder = Recorder()
        phone = PersonPhone(telegram, person)
        request = Request(SAMPLES, SAMPLE_PROMPTS[language], 1, PATIENCE_SECONDS)
        videos = await visit(phone, request, recorder, asyncio.sleep)
        return recorder.chats, videos


def moments(chats: Sequence[Chat]) -> list[Chat]:
    """The card, the status message while it works, and the end."""
    card = next(chat for chat in chats if any(len(row) == 4 for row in _last(chat).buttons))
    last_video = next(index for index, chat in enumerate(chats) if _last(chat).kind == "video")
    working = [chat for chat in chats[:last_video] if "▰" in _last(chat).text and _last(chat).buttons]
    return [card, working[-1], chats[-1]]


def _last(chat: Chat) -> MessageSeen:
    return chat[max(chat)]


def page(chats: Sequence[Chat], room: Path) -> str:
    """Several phones beside each other, as HTML."""
    phones = "".join(_phone(chat, room) for chat in chats)
    style = (HERE / "phone.css").read_text(encoding="utf-8")
    return f'<!doctype html><meta charset="utf-8"><style>{style}</style><body>{phones}'


def _phone(chat: Chat, room: Path) -> str:
    groups: list[list[MessageSeen]] = []
    for message in (chat[number] for number in sorted(chat)):
        album = message.media_group_id
        if album and groups and groups[-1][0].media_group_id == album:
            groups[-1].append(message)
        else:
            groups.append([message])
    bubbles = "".join(_bubble(group, chat, room) for group in groups)
    top = '<div class="top"><span class="face">P</span>Pho2Video</div>'
    return f'<div class="phone">{top}<div class="chat">{bubbles}</div></div>'


def _bubble(group: Sequence[MessageSeen], chat: Chat, room: Path) -> str:
    first = group[0]
    answered = chat.get(first.reply_to or 0) if first.from_bot and first.kind == "video" else None
    answers = f'<div class="answers">{escape(answered.text)}</div>' if answered else ""
    pictures = "".join(_picture(message, room) for message in group if message.path)
    many = {1: " one", 2: " two"}.get(len(group), "")
    shown = f'<div class="pictures{many}">{pictures}</div>' if pictures else ""
    texts = "\n".join(marked_up(message) for message in group if message.text)
    said = f'<div class="text">{texts}</div>' if texts else ""
    rows = "".join(
        '<div class="row">' + "".join(f'<span class="button">{escape(one.label)}</span>' for one in row) + "</div>"
        for row in first.buttons
    )
    who = "say" if first.from_bot else "say you"
    kind = "bubble with-pictures" if pictures else "bubble"
    return f'<div class="{who}"><div class="{kind}">{answers}{shown}{said}</div>{rows}</div>'


def _picture(message: MessageSeen, room: Path) -> str:
    assert message.path is not None
    if message.kind != "video":
        return f'<div class="picture"><img src="{message.path.as_uri()}"></div>'
    still = room / f"still-{message.message_id}.jpg"
    frame_of(message.path).save(still)
    length = f'<span class="length">{message.duration // 60}:{message.duration % 60:02}</span>'
    return f'<div class="picture"><img src="{still.as_uri()}"><span class="play"></span>{length}</div>'


def marked_up(message: MessageSeen) -> str:
    """A message's text as HTML, with its bold and quoted parts; these do not nest in what the bot says here."""
    units = message.text.encode("utf-16-le")
    tags = {"bold": "b", "blockquote": "blockquote", "code": "code"}
    parts, done = [], 0
    for entity in sorted(message.entities, key=lambda one: one.offset):
        begin, end = entity.offset * 2, (entity.offset + entity.length) * 2
        tag = tags.get(entity.type)
        if tag is None or begin < done:
            continue
        parts += [_plain(units[done:begin], tag), f"<{tag}>{_plain(units[begin:end])}</{tag}>"]
        done = end
    return "".join([*parts, _plain(units[done:])])


def _plain(units: bytes, before: str = "") -> str:
    text = units.decode("utf-16-le")
    # A quotation begins a line by itself.
    return escape(text.removesuffix("\n") if before == "blockquote" else text)


def frame_of(video: Path) -> Image.Image:
    """A frame from the middle of a video."""
    with av.open(str(video)) as container:
        wanted = int(container.streams.video[0].frames * FRAME_AT)
        frames = container.decode(video=0)
        image: Image.Image = next(f for index, f in enumerate(frames) if index >= wanted).to_image()  # type: ignore[no-untyped-call]
    return image


async def photograph(html: Path, target: Path) -> None:
    """Draw a page with Chromium.

    Raises:
        SystemExit: There is none, or it fails.
    """
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise SystemExit("Chromium is needed to draw the chat; install it, or leave the pictures as they are.")
    options = ["--headless", "--hide-scrollbars", "--force-device-scale-factor=1.5", f"--screenshot={target}"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    size = "--window-size={},{}".format(*SIZE)
    process = await asyncio.create_subprocess_exec(
        browser, *options, size, html.as_uri(), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(60):
        if await process.wait():
            raise SystemExit("Chromium could not draw the chat.")
    # 256 colours are plenty for a chat, and a third of the bytes.
    Image.open(target).convert("RGB").quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(target, optimize=True)


async def main() -> None:
    """Make all pictures."""
    for language, suffix in (("en", ""), ("vi", "-vi")):
        with tempfile.TemporaryDirectory(prefix="pictures-") as directory:
            room = Path(directory)
            chats, videos = await converse(language, room)
            html = room / "chat.html"
            html.write_text(page(moments(chats), room), encoding="utf-8")
            await photograph(html, HERE / f"conversation{suffix}.png")
            if not suffix:
                assert videos[0].path is not None
                frame_of(videos[0].path).resize((640, 360)).save(HERE / "frame.jpg", quality=90, optimize=True)
        sys.stdout.write(f"{language}: done\n")


if __name__ == "__main__":
    asyncio.run(main())
