"""A Bot API server written from the published page alone, unlike that of the sandbox.

It answers nine methods and leaves the bot alone with the rest; it keeps all that came, and notes in ``faults`` what
breaks the rules.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from aiohttp import web

from tests.acceptance.e2e.plain_base import Json, News

TOKEN = "987654321:plain-server-token-AAbbCCddEEffGGhh"
BOT: Json = {"id": 987654321, "is_bot": True, "first_name": "Plain", "username": "Plain_Video_Bot"}
TROUBLES = ("404", "500", "drop", "429", "401", "slow")
ALLOWED_TAGS = {"b", "i", "u", "s", "a", "code", "pre", "blockquote", "tg-spoiler"}


class Markup(HTMLParser):
    """Telegram's HTML as text; what Telegram would refuse raises."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self._open = "", list[str]()
        self.feed(html)
        self.close()
        assert not self._open, f"tags left open in {html!r}"

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag in ALLOWED_TAGS, f"<{tag}> is not Telegram's"
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes another tag"

    def handle_data(self, data: str) -> None:
        self.text += data


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the bot's that was answered well."""

    method: str
    params: Json
    files: Mapping[str, bytes]
    at: float

    @property
    def chat(self) -> int:
        return int(self.params["chat_id"])


class RefusedError(Exception):
    """An answer that is not ``ok``."""

    def __init__(self, code: int, description: str, **parameters: object) -> None:
        super().__init__(description)
        self.code = code
        self.body = {"ok": False, "error_code": code, "description": description, "parameters": parameters}


@dataclass
class Room:
    """A chat: how it is, and its messages by id."""

    wire: Json
    messages: dict[int, Json] = field(default_factory=dict)
    newest: int = 0
    closed: tuple[int, str] | None = None
    no_media: str = ""
    no_sends: str = ""
    closed_topics: set[int | None] = field(default_factory=set)
    moved_to: int | None = None


class PlainTelegram(News):
    """The Bot API server.

    Args:
        others: What becomes of calls of all other methods, in turn and the last one for ever: a status, ``drop`` or
            ``slow``.
    """

    def __init__(self, others: Sequence[str] = TROUBLES) -> None:
        super().__init__()
        self._others = list(others)
        self.calls: list[Call] = []
        self.asked_in_vain: list[str] = []
        self.rooms: dict[int, Room] = {}
        self.answers: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.hold_downloads = asyncio.Event()
        self.hold_downloads.set()
        self.hooks: dict[str, Callable[[Json], None]] = {}
        self._updates: list[Json] = []
        self.newest: Json = {}
        self._update_id = 1000
        self._offset = 0

    def push(self, **update: Json) -> Json:
        """An update for the bot."""
        self._update_id += 1
        return self.push_again({"update_id": self._update_id, **update})

    def push_again(self, update: Json) -> Json:
        """The same update, whether the bot has confirmed it or not."""
        self._offset = min(self._offset, update["update_id"])
        self.newest = update
        self._updates.append(json.loads(json.dumps(update)))
        self.tell()
        return update

    def last(self, act: Callable[[], object]) -> Json:
        """The update that comes of doing something."""
        act()
        return self.newest

    def new_message(self, chat: int, **fields: Any) -> Json:
        """A message that stands in a chat from now on."""
        room = self.rooms[chat]
        room.newest += 1
        number = room.newest
        room.messages[number] = {"message_id": number, "date": int(time.time()), "chat": room.wire, **fields}
        return room.messages[number]

    def store(self, content: bytes) -> str:
        """A file; gives its id."""
        name = f"file-{len(self.files)}-id"
        self.files[name] = content
        return name

    def app(self) -> web.Application:
        app = web.Application(client_max_size=60_000_000)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{name}", self._download)
        return app

    async def _download(self, request: web.Request) -> web.StreamResponse:
        await self.hold_downloads.wait()
        name = request.match_info["name"].removesuffix(".bin")
        if request.match_info["token"] != TOKEN or name not in self.files:
            return web.json_response(RefusedError(404, "Not Found").body, status=404)
        return web.Response(body=self.files[name])

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        known = getattr(self, f"_{method}", None)
        if request.match_info["token"] != TOKEN:
            return web.json_response(RefusedError(401, "Unauthorized").body, status=401)
        if known is None:
            return await self._other(request, method)
        params, files = await _fields(request)
        try:
            result = await known(params, files)
        except RefusedError as refused:
            return web.json_response(refused.body, status=refused.code)
        except (AssertionError, KeyError, ValueError, TypeError) as error:
            self.faults.append(f"{method}: {error!r}")
            return web.json_response(RefusedError(400, f"Bad Request: {error}").body, status=400)
        if method != "getUpdates":
            self.calls.append(Call(method, params, files, time.monotonic()))
            self.tell()
        return web.json_response({"ok": True, "result": result})

    async def _other(self, request: web.Request, method: str) -> web.StreamResponse:
        self.asked_in_vain.append(method)
        other = self._others.pop(0) if len(self._others) > 1 else self._others[0]
        if other == "slow":
            await asyncio.sleep(600)
        if other == "drop":
            assert request.transport is not None
            request.transport.abort()
        status = int(other) if other.isdigit() else 404
        words = {404: "Not Found", 401: "Unauthorized", 429: "Too Many Requests: retry after 900"}
        extra = {"retry_after": 900} if status == 429 else {}
        return web.json_response(RefusedError(status, words.get(status, "Oops"), **extra).body, status=status)

    async def _getMe(self, _params: Json, _files: Mapping[str, bytes]) -> Json:  # noqa: N802 - Telegram's name
        return BOT | {"can_join_groups": True, "can_read_all_group_messages": False}

    async def _getUpdates(self, params: Json, _files: Mapping[str, bytes]) -> list[Json]:  # noqa: N802
        self._offset = max(self._offset, int(params.get("offset", 0)))
        self._updates = [one for one in self._updates if one["update_id"] >= self._offset]
        end = time.monotonic() + int(params.get("timeout", 0))
        while not self._updates and (left := end - time.monotonic()) > 0:
            try:
                await asyncio.wait_for(self.changed(), left)
            except TimeoutError:
                break
        return self._updates[:100]

    async def _sendMessage(self, params: Json, _files: Mapping[str, bytes]) -> Json:  # noqa: N802
        room = self._open(params)
        return self._put(room, params, text=_text(params, "text", 4096), reply_markup=_keyboard(params))

    async def _editMessageText(self, params: Json, _files: Mapping[str, bytes]) -> Json:  # noqa: N802
        room = self._open(params)
        message = room.messages.get(int(params["message_id"]))
        if message is None or message["from"] is not BOT:
            raise RefusedError(400, "Bad Request: message to edit not found")
        new = {"text": _text(params, "text", 4096), "reply_markup": _keyboard(params)}
        if {name: message[name] for name in new} == new:
            raise RefusedError(400, "Bad Request: message is not modified: the content is exactly the same")
        message |= new
        message["texts"].append(new["text"])
        return shown(message)

    async def _answerCallbackQuery(self, params: Json, _files: Mapping[str, bytes]) -> bool:  # noqa: N802
        text = params.get("text", "")
        assert len(text) <= 200
        assert params["callback_query_id"] not in self.answers, "a press is answered once"
        self.answers[params["callback_query_id"]] = text
        return True

    async def _getFile(self, params: Json, _files: Mapping[str, bytes]) -> Json:  # noqa: N802
        name = params["file_id"]
        if len(self.files[name]) > 20_000_000:
            raise RefusedError(400, "Bad Request: file is too big")
        return {
            "file_id": name,
            "file_unique_id": f"u{name}",
            "file_size": len(self.files[name]),
            "file_path": f"{name}.bin",
        }

    async def _sendVideo(self, params: Json, files: Mapping[str, bytes]) -> Json:  # noqa: N802
        return self._video(self._open(params), params, params, files)

    async def _sendMediaGroup(self, params: Json, files: Mapping[str, bytes]) -> list[Json]:  # noqa: N802
        room, media = self._open(params), json.loads(params["media"])
        assert 2 <= len(media) <= 10
        assert "reply_markup" not in params
        assert all(one["type"] == "video" for one in media)
        return [self._video(room, params, one, files, media_group_id=f"out{len(self.calls)}") for one in media]

    async def _sendChatAction(self, params: Json, _files: Mapping[str, bytes]) -> bool:  # noqa: N802
        self._open(params)
        return True

    def _open(self, params: Json) -> Room:
        room = self.rooms.get(int(params["chat_id"]))
        if room is None:
            raise RefusedError(400, "Bad Request: chat not found")
        if room.moved_to is not None:
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            raise RefusedError(400, words, migrate_to_chat_id=room.moved_to)
        if room.closed is not None:
            raise RefusedError(*room.closed)
        return room

    def _video(self, room: Room, params: Json, media: Json, files: Mapping[str, bytes], **fields: object) -> Json:
        if room.no_media:
            raise RefusedError(400, room.no_media)
        source = str(media.get("media", media.get("video", "")))
        content = files["video"] if not source else files.get(source.removeprefix("attach://"), self.files.get(source))
        assert content is not None, f"no file in {source!r}"
        name = self.store(content)
        size = {key: int(media.get(key, 0)) for key in ("width", "height", "duration")}
        video = {"file_id": name, "file_unique_id": f"u{name}", "file_size": len(content), **size}
        told = {"caption": _text(media, "caption", 1024) if media.get("caption") else ""}
        return self._put(
            room, params, video=video, **told, **fields, sent=content, streaming=media.get("supports_streaming")
        )

    def _put(self, room: Room, params: Json, **fields: Any) -> Json:
        reply = json.loads(params.get("reply_parameters") or "{}")
        answered = room.messages.get(reply.get("message_id"))
        if reply and answered is None and not reply.get("allow_sending_without_reply"):
            raise RefusedError(400, "Bad Request: message to be replied not found")
        if room.no_sends:
            raise RefusedError(400, room.no_sends)
        thread = params.get("message_thread_id")
        if thread is not None:
            if "forum_topic_created" not in room.messages.get(int(thread), {}):
                raise RefusedError(400, "Bad Request: message thread not found")
            if int(thread) in room.closed_topics:
                raise RefusedError(400, "Bad Request: TOPIC_CLOSED")
            fields |= {"message_thread_id": int(thread), "is_topic_message": True}
        if answered is not None:
            fields["reply_to_message"] = answered
        message = self.new_message(room.wire["id"], **{"from": BOT, "texts": [fields.get("text")], **fields})
        return shown(message)


async def _fields(request: web.Request) -> tuple[Json, dict[str, bytes]]:
    if request.content_type == "application/json":
        return await request.json(), {}
    params: Json = dict(request.query)
    files: dict[str, bytes] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = value.file.read()
        else:
            params[name] = value
    return params, files


def _text(params: Json, name: str, limit: int) -> str:
    text = params[name]
    visible = Markup(text).text if params.get("parse_mode") == "HTML" else text
    assert 0 < len(visible) <= limit, f"{name} has {len(visible)} characters"
    return str(visible)


def _keyboard(params: Json) -> list[list[Json]]:
    rows = json.loads(params.get("reply_markup") or "{}").get("inline_keyboard", [])
    for button in (button for row in rows for button in row):
        assert button["text"]
        assert 1 <= len(button["callback_data"].encode()) <= 64
    return list(rows)


def shown(message: Json) -> Json:
    """A message as Telegram hands it out: without what only the test knows, and what is replied to without replies."""
    visible = {name: value for name, value in message.items() if name not in {"texts", "sent", "streaming"} and value}
    if markup := visible.pop("reply_markup", None):
        visible["reply_markup"] = {"inline_keyboard": markup}
    if answered := visible.pop("reply_to_message", None):
        visible["reply_to_message"] = {k: v for k, v in shown(answered).items() if k != "reply_to_message"}
    return visible
