"""The person of the demo before the real sandbox, with a small bot of the tests' own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.botapi import BotApiServer
from sandbox.botapi.terminal import Conversation
from sandbox.demo.phone import PersonPhone
from sandbox.demo.playback import Expected
from sandbox.demo.visit import Request, VisitError, save, visit
from sandbox.genaipro.render import Film, prepare, render
from sandbox.samples import SAMPLES

FILM = Film(320, 180, 0.5)
COUNTS = [{"text": str(n), "callback_data": f"n{n}"} for n in range(1, 5)]
READY = [COUNTS, [{"text": "Tạo video", "callback_data": "go"}, {"text": "Hủy", "callback_data": "no"}]]
FINAL = [[{"text": "🔁 Làm lại", "callback_data": "again"}]]


class TinyBot:
    """Greets, shows a card, takes the number, sends so many videos."""

    def __init__(self, server: BotApiServer, session: aiohttp.ClientSession, video: Path, gives: int) -> None:
        self._url = f"{server.base_url}{server.token}"
        self._session = session
        self._video = video
        self._gives = gives
        self.photos = 0
        self.card = 0

    async def call(self, method: str, **fields: Any) -> Any:
        async with self._session.post(f"{self._url}/{method}", json=fields) as answer:
            body = await answer.json()
            assert body["ok"], body
            return body["result"]

    async def run(self) -> None:
        offset = 0
        while True:
            for update in await self.call("getUpdates", offset=offset, timeout=30):
                offset = update["update_id"] + 1
                await self.handle(update)

    async def handle(self, update: dict[str, Any]) -> None:
        if "callback_query" in update:
            await self.pressed(update["callback_query"])
            return
        chat = update["message"]["chat"]["id"]
        if "photo" not in update["message"]:
            await self.call("sendMessage", chat_id=chat, text="Welcome")
            return
        self.photos += 1
        if self.photos == len(SAMPLES):
            card = await self.call("sendMessage", chat_id=chat, text="Card", reply_markup={"inline_keyboard": READY})
            self.card = card["message_id"]

    async def pressed(self, query: dict[str, Any]) -> None:
        chat = query["message"]["chat"]["id"]
        await self.call("answerCallbackQuery", callback_query_id=query["id"])
        if query["data"] != "go":
            marked = [b | {"text": f"• {b['text']} •"} if b["callback_data"] == query["data"] else b for b in COUNTS]
            await self.edit(chat, "Card", [marked, READY[1]])
            return
        await self.give(chat)

    async def give(self, chat: int) -> None:
        for _ in range(self._gives):
            form = aiohttp.FormData({"chat_id": str(chat), "width": "320", "height": "180", "duration": "1"})
            form.add_field("video", self._video.read_bytes(), filename="v.mp4", content_type="video/mp4")
            async with self._session.post(f"{self._url}/sendVideo", data=form) as answer:
                assert answer.status == 200, await answer.text()
        await self.edit(chat, "The end", FINAL)

    async def edit(self, chat: int, text: str, rows: Any) -> None:
        markup = {"inline_keyboard": rows}
        await self.call("editMessageText", chat_id=chat, message_id=self.card, text=text, reply_markup=markup)


class Shop(TinyBot):
    """Sells what it makes, and pays back what is asked for again."""

    def __init__(self, server: BotApiServer, session: aiohttp.ClientSession, video: Path, gives: int) -> None:
        super().__init__(server, session, video, gives)
        self.sold = 0

    async def handle(self, update: dict[str, Any]) -> None:
        if "pre_checkout_query" in update:
            query = update["pre_checkout_query"]
            await self.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], ok=True)
        elif "successful_payment" in update.get("message", {}):
            await self.paid(update["message"]["from"]["id"], update["message"]["successful_payment"])
        elif "refunded_payment" not in update.get("message", {}):
            await super().handle(update)

    async def pressed(self, query: dict[str, Any]) -> None:
        if query["data"] not in {"go", "again"}:
            await super().pressed(query)
            return
        chat = query["message"]["chat"]["id"]
        await self.call("answerCallbackQuery", callback_query_id=query["id"])
        if query["data"] == "again":
            rows = [[{"text": "Hủy", "callback_data": "no"}]]
            card = await self.call("sendMessage", chat_id=chat, text="Again", reply_markup={"inline_keyboard": rows})
            self.card = card["message_id"]
        prices = [{"label": "Video", "amount": 7}]
        words = {"title": "Videos", "description": "One video", "payload": "p", "currency": "XTR"}
        await self.call("sendInvoice", chat_id=chat, prices=prices, **words)

    async def paid(self, user: int, payment: dict[str, Any]) -> None:
        self.sold += 1
        if self.sold == 1:
            await self.give(user)
        else:
            charge = payment["telegram_payment_charge_id"]
            await self.call("refundStarPayment", user_id=user, telegram_payment_charge_id=charge)
            await self.edit(user, "Your Stars are back", FINAL)


@pytest.fixture
async def server() -> AsyncIterator[BotApiServer]:
    async with BotApiServer() as running:
        yield running


@pytest.fixture
async def start_bot(server: BotApiServer, tmp_path: Path) -> AsyncIterator[Callable[..., TinyBot]]:
    video = tmp_path / "made.mp4"
    render([prepare(SAMPLES[0], FILM)], "x", FILM, video, variation=0, cancelled=lambda: False)
    tasks: list[asyncio.Task[None]] = []
    async with aiohttp.ClientSession() as session:

        def start(gives: int, kind: type[TinyBot] = TinyBot) -> TinyBot:
            bot = kind(server, session, video, gives)
            tasks.append(asyncio.create_task(bot.run()))
            return bot

        yield start
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [fault for fault in outcomes if not isinstance(fault, asyncio.CancelledError)] == []


async def go(
    server: BotApiServer,
    lines: list[str],
    videos: int = 2,
    patience: float = 20,
    *,
    stars: int = 0,
    refund: bool = False,
) -> Any:
    person = server.add_person("Alice", language_code="vi", stars=stars)
    request = Request(SAMPLES, "Thuyền trôi", videos, patience, refund=refund)

    async def at_once(seconds: float) -> None:
        assert seconds > 0

    return await visit(PersonPhone(server, person), request, Conversation(lines.append), at_once)


async def test_visit_brings_videos_that_play(
    server: BotApiServer, start_bot: Callable[..., TinyBot], tmp_path: Path
) -> None:
    bot = start_bot(2)
    lines: list[str] = []
    videos = await go(server, lines)
    saved = await save(videos, tmp_path / "new" / "out", Expected(320, 180, 0.5))
    assert [(one.path.name, one.playback.problem) for one in saved] == [("video-1.mp4", ""), ("video-2.mp4", "")]
    assert saved[0].path.read_bytes() == (tmp_path / "made.mp4").read_bytes()
    assert bot.photos == 3
    assert [press.data for press in server.presses()] == ["n2", "go"]
    text = "\n".join(lines)
    for part in (
        "Thuyền trôi",
        "[ • 2 • ]",
        "You press [ Tạo video ]",
        "edits its message",
        "🎬 video 320×180",
        "The end",
    ):
        assert part in text


async def test_too_few_videos_are_told(server: BotApiServer, start_bot: Callable[..., TinyBot]) -> None:
    start_bot(1)
    with pytest.raises(VisitError, match="The bot ended with 1 of 2 videos and said: The end"):
        await go(server, [])


async def test_silent_bot_is_told(server: BotApiServer) -> None:
    with pytest.raises(VisitError, match="Nothing more came while waiting for the bot to greet"):
        await go(server, [], patience=0.05)


async def test_unwritable_directory_is_told(
    server: BotApiServer, start_bot: Callable[..., TinyBot], tmp_path: Path
) -> None:
    start_bot(1)
    videos = await go(server, [], videos=1)
    with pytest.raises(VisitError, match="cannot be written"):
        await save(videos, tmp_path / "made.mp4", Expected())


async def test_button_that_is_gone_is_told(server: BotApiServer) -> None:
    person = server.add_person("Alice")
    message = await person.send_text("no buttons")
    with pytest.raises(VisitError, match="The button is gone"):
        await PersonPhone(server, person).press(message.message_id, "go")


async def test_purchase_and_refund_are_shown(server: BotApiServer, start_bot: Callable[..., TinyBot]) -> None:
    start_bot(1, Shop)
    lines: list[str] = []
    assert len(await go(server, lines, videos=1, stars=20, refund=True)) == 1
    assert [(one.amount, one.refunded) for one in server.payments] == [(7, False), (7, True)]
    text = "\n".join(lines)
    for part in ("🧾 Videos: 7 Stars", "⭐ paid 7 Stars", "⭐ back 7 Stars", "Your Stars are back"):
        assert part in text


async def test_payment_that_fails_is_told(server: BotApiServer, start_bot: Callable[..., TinyBot]) -> None:
    start_bot(1, Shop)
    with pytest.raises(VisitError, match="The payment did not go through: BALANCE_TOO_LOW"):
        await go(server, [], videos=1, stars=6, refund=True)
