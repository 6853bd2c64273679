"""People on the plain Bot API server: what they do becomes updates in the shapes of the published page."""

import json
import re
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from tests.acceptance.e2e.plain_base import Json, until
from tests.acceptance.e2e.plain_server import BOT, Call, PlainTelegram, Room, shown

ANONYMOUS: Json = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
_MARKED = re.compile(r"(?P<command>(?<!\S)/\w+(?:@\w+)?)|(?P<mention>(?<!\w)@\w{4,})")
_numbers = count(700_001)


def marks(text: str) -> list[Json]:
    """Commands and mentions, counted in UTF-16 units."""
    return [
        {
            "type": "bot_command" if match["command"] else "mention",
            "offset": len(text[: match.start()].encode("utf-16-le")) // 2,
            "length": len(match[0].encode("utf-16-le")) // 2,
        }
        for match in _MARKED.finditer(text)
    ]


class Talker:
    """A person in one chat, or in one topic of it."""

    def __init__(self, telegram: PlainTelegram, user: Json, chat: int, thread: int | None = None) -> None:
        self.telegram = telegram
        self.user = user
        self.chat = chat
        self.thread = thread
        self.sent: list[Json] = []

    @property
    def id(self) -> int:
        return int(self.user["id"])

    def into(self, chat: int, thread: int | None = None) -> "Talker":
        """The same person elsewhere."""
        return Talker(self.telegram, self.user, chat, thread)

    def write(self, *, hidden: bool = False, seen: bool = True, **fields: Any) -> Json:
        """A message of any kind; ``hidden`` = as an anonymous admin, ``seen`` = whether the bot is told."""
        sender = (
            {"from": ANONYMOUS, "sender_chat": self.telegram.rooms[self.chat].wire} if hidden else {"from": self.user}
        )
        if self.thread is not None:
            topic = self.telegram.rooms[self.chat].messages[self.thread]
            fields = {"reply_to_message": topic} | fields
            fields |= {"message_thread_id": self.thread, "is_topic_message": True}
        message = self.telegram.new_message(self.chat, **sender, **{name: one for name, one in fields.items() if one})
        self.sent.append(message)
        if seen:
            self.tell(message)
        return message

    def tell(self, message: Json) -> Json:
        """The update of a message."""
        return self.telegram.push(message=wire(message))

    def text(self, text: str, reply: Json | None = None, **fields: Any) -> Json:
        return self.write(text=text, entities=marks(text), reply_to_message=reply, **fields)

    def photo(self, content: bytes, caption: str = "", reply: Json | None = None, **fields: Any) -> Json:
        sizes = [
            {"file_id": f"thumb{len(self.telegram.files)}", "file_unique_id": "t", "width": 90, "height": 67},
            self._file(content) | {"width": 1280, "height": 960},
        ]
        return self.write(
            photo=sizes, caption=caption, caption_entities=marks(caption), reply_to_message=reply, **fields
        )

    def document(
        self, content: bytes, name: str, caption: str = "", mime: str = "", reply: Json | None = None, **fields: Any
    ) -> Json:
        file = self._file(content) | {"file_name": name, "mime_type": mime or "application/octet-stream"}
        return self.write(
            document=file, caption=caption, caption_entities=marks(caption), reply_to_message=reply, **fields
        )

    def album(self, contents: Sequence[bytes], captions: Sequence[str] = (), reply: Json | None = None) -> list[Json]:
        """An album of photos; the bot is told of no part yet (:meth:`tell`)."""
        group = str(next(_numbers))
        words = [*captions, *[""] * len(contents)]
        return [
            self.photo(one, text, reply, media_group_id=group, seen=False)
            for one, text in zip(contents, words, strict=False)
        ]

    def edit(self, message: Json, text: str) -> Json:
        kind = "caption" if "caption" in message or "text" not in message else "text"
        message[kind] = text
        message["entities" if kind == "text" else "caption_entities"] = marks(text)
        return self.telegram.push(edited_message=wire(message) | {"edit_date": message["date"] + 1})

    def press(self, message: Json, action: str) -> str:
        """Press the button whose data ends so; the id of the press."""
        found = [data for data in buttons(message) if data.endswith(action)]
        assert found, f"no button {action} in {buttons(message)}"
        return self.press_data(message, found[0])

    def press_data(self, message: Json, data: str) -> str:
        number = str(next(_numbers))
        query = {"id": number, "from": self.user, "chat_instance": "1", "data": data, "message": wire(message)}
        self.telegram.push(callback_query=query)
        return number

    async def answer(self, press: str) -> str:
        """What a press was answered with."""
        await until(self.telegram, lambda: press in self.telegram.answers, f"the answer to a press of {self.id}")
        return self.telegram.answers[press]

    def from_bot(self) -> list[Json]:
        """The bot's messages in this chat and topic."""
        room = self.telegram.rooms[self.chat].messages.values()
        return [one for one in room if one.get("from") is BOT and one.get("message_thread_id") == self.thread]

    def replies(self, request: Json) -> list[Json]:
        """The bot's messages that answer a message."""
        return [one for one in self.from_bot() if one.get("reply_to_message") is request]

    async def sees(self, check: Callable[[Json], object], what: str = "") -> Json:
        """The newest message of the bot's for which that holds."""
        found: list[Json] = []

        def look() -> bool:
            found[:] = [one for one in self.from_bot() if check(one)]
            return bool(found)

        await until(self.telegram, look, f"{what or 'a message'} for {self.id}", self.from_bot)
        return found[-1]

    async def reads(self, words: str) -> Json:
        return await self.sees(lambda one: words in one.get("text", ""), repr(words))

    async def card(self, words: str = "", *, photos: int | None = None, ready: bool = True) -> Json:
        """The newest card of a draft, ready to be started, that shows these words and so many photos."""

        def is_it(one: Json) -> bool:
            data = buttons(one)
            text = one.get("text", "")
            counted = photos is None or f"{photos} of 3" in text or f"{photos}/3" in text
            is_ready = any(item.endswith(":go") for item in data)
            is_card = any(item.startswith("d:") for item in data)
            return is_card and words in text and counted and is_ready is ready

        return await self.sees(is_it, f"a card with {words!r} and {photos} photos")

    async def ended(self, words: str = "") -> Json:
        """The newest status message in its final state."""
        return await self.sees(
            lambda one: any(data.endswith((":again", ":edit")) for data in buttons(one)) and words in one["text"],
            f"an end with {words!r}",
        )

    def calls(self, method: str) -> list[Call]:
        return [call for call in self.telegram.calls if call.method == method and call.chat == self.chat]

    def _file(self, content: bytes) -> Json:
        name = self.telegram.store(content)
        return {"file_id": name, "file_unique_id": f"u{name}", "file_size": len(content)}


def wire(message: Json) -> Json:
    """A message as Telegram hands it out, apart from the one that is kept."""
    return dict(json.loads(json.dumps(shown(message))))


def buttons(message: Json) -> list[str]:
    """The data of all buttons."""
    return [button["callback_data"] for row in message.get("reply_markup") or [] for button in row]


def person(
    telegram: PlainTelegram, name: str = "Anna", language: str = "en", *, started: bool = True, number: int = 0
) -> Talker:
    """Somebody with a private chat with the bot, which the bot may write to when they ``started`` it."""
    number = number or next(_numbers)
    user = {"id": number, "is_bot": False, "first_name": name, "language_code": language}
    if started:
        room(telegram, number, {"id": number, "type": "private", "first_name": name})
    return Talker(telegram, user, number)


def group(telegram: PlainTelegram, kind: str = "supergroup", *, forum: bool = False, number: int = 0) -> int:
    """A new group; its id."""
    number = number or -next(_numbers) - (0 if kind == "group" else 1_000_000_000_000)
    room(telegram, number, {"id": number, "type": kind, "title": "Friends"} | ({"is_forum": True} if forum else {}))
    return number


def topic(telegram: PlainTelegram, chat: int, by: Talker) -> int:
    """A new topic of a forum; its id."""
    created = {"name": "Films", "icon_color": 7322096}
    message = telegram.new_message(chat, **{"from": by.user, "forum_topic_created": created, "is_topic_message": True})
    message["message_thread_id"] = message["message_id"]
    telegram.push(message=wire(message))
    return int(message["message_id"])


def room(telegram: PlainTelegram, number: int, fields: Json) -> None:
    telegram.rooms[number] = Room(fields)
