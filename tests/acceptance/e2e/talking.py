"""People who talk to the bot, each in one chat or in one topic of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sandbox.botapi import BotApiServer, Line, Message, Person, ReceivedCall
from sandbox.botapi.model import StoredFile
from tests.buttons import action_of, has_button, is_card, is_told


@dataclass(frozen=True, slots=True)
class Talker:
    """A person in one chat, or in one topic of it.

    Attributes:
        sent: What was said so far, here.
    """

    telegram: BotApiServer
    person: Person
    chat: int
    thread: int | None = None
    sent: list[Message] = field(default_factory=list)

    @property
    def id(self) -> int:
        return self.person.user_id

    def into(self, chat: int, thread: int | None = None) -> "Talker":
        """The same person elsewhere; a member from now on, of which nobody is told."""
        if chat != self.id:
            self.telegram.join(chat, self.person, announce=False)
        return Talker(self.telegram, self.person, chat, thread)

    async def text(self, text: str, reply: Message | Line | None = None) -> Message:
        return self._said(
            await self.person.send_text(text, chat=self.chat, thread=self.thread, reply_to=_number(reply))
        )

    async def photo(
        self, content: bytes, caption: str = "", reply: Message | Line | None = None, *, hidden: bool = False
    ) -> Message:
        """A photo; ``hidden`` = as an anonymous admin."""
        return self._said(
            await self.person.send_photo(
                content, caption, chat=self.chat, thread=self.thread, reply_to=_number(reply), anonymous=hidden
            )
        )

    async def document(
        self, content: bytes, name: str, caption: str = "", mime: str = "", *, group_id: str = "", sized: bool = True
    ) -> Message:
        return self._said(
            await self.person.send_document(
                content,
                caption,
                file_name=name,
                mime_type=mime or "application/octet-stream",
                chat=self.chat,
                thread=self.thread,
                group_id=group_id,
                sized=sized,
            )
        )

    async def album(
        self, contents: Sequence[bytes], captions: Sequence[str] = (), reply: Message | Line | None = None
    ) -> list[Message]:
        """An album of photos; the bot is told of no part yet (:meth:`tell`)."""
        parts = await self.person.send_album(
            contents, captions, order=(), chat=self.chat, thread=self.thread, reply_to=_number(reply)
        )
        return [self._said(part) for part in parts]

    def tell(self, *parts: Message) -> None:
        """The bot hears of what was sent."""
        for part in parts:
            self.person.tell(part)

    async def edit(self, message: Message, text: str) -> None:
        await self.person.edit(message, text)

    async def delete(self, message: Message | Line) -> None:
        """Delete a message, own or the bot's."""
        await self.person.delete(message.message_id, chat=message.chat_id)

    def press(self, line: Line, action: str) -> str:
        """Press the button whose data ends so; the id of the press."""
        return self.press_data(line, action_of(self.now(line), action))

    def press_data(self, line: Line, data: str) -> str:
        """The same with any data."""
        message = self.telegram.backend.world.chats[line.chat_id].messages[line.message_id]
        return self.person.press_data(message, data)

    async def answer(self, press: str) -> str:
        """What a press was answered with."""
        return (await self.telegram.wait_for_answer(press)).answer or ""

    async def presses(self, line: Line, action: str) -> str:
        """Press a button, and what that was answered with."""
        return await self.answer(self.press(line, action))

    def now(self, line: Line | Message) -> Line:
        """A message as it stands now."""
        return self.telegram.line(line.chat_id, line.message_id)

    def from_bot(self) -> list[Line]:
        """The bot's messages in this chat and topic."""
        is_forum = self.telegram.backend.world.chats[self.chat].is_forum
        return [one for one in self.telegram.bot_lines(self.chat) if not is_forum or one.thread_id == self.thread]

    def replies(self, request: Message) -> list[Line]:
        """The bot's messages that answer a message."""
        return [one for one in self.from_bot() if one.reply_to == request.message_id]

    def videos(self) -> list[Line]:
        """The bot's videos here."""
        return [one for one in self.from_bot() if one.kind == "video"]

    def films(self) -> list[bytes]:
        """The files of these."""
        return [content(one) for one in self.videos()]

    async def sees(self, check: Callable[[Line], object], what: str = "a message") -> Line:
        """The newest message of the bot's for which that holds, once there is one."""

        def look() -> Line | None:
            return next((one for one in reversed(self.from_bot()) if check(one)), None)

        try:
            return await self.telegram.wait_for(look)
        except TimeoutError:
            raise TimeoutError(f"{what} never came for {self.id}; there is {self.from_bot()}") from None

    async def until(self, look: Callable[[], object], what: str) -> None:
        """Wait until something is true, looked at whenever something has happened."""
        try:
            await self.telegram.wait_for(look)
        except TimeoutError:
            raise TimeoutError(f"{what} never came for {self.id}; there is {self.from_bot()}") from None

    async def reads(self, words: str) -> Line:
        return await self.sees(lambda one: one.kind == "text" and words in one.text, repr(words))

    async def card(self, words: str = "", *, photos: int | None = None, ready: bool = True) -> Line:
        """The newest card of a draft, ready to be started, that shows these words and so many photos."""

        def is_it(one: Line) -> bool:
            counted = photos is None or f"{photos} of 3" in one.text or f"{photos}/3" in one.text
            return is_card(one) and words in one.text and counted and has_button(one, ":go") is ready

        return await self.sees(is_it, f"a card with {words!r} and {photos} photos")

    async def ended(self, words: str = "") -> Line:
        """The newest status message in its final state."""
        return await self.sees(lambda one: is_told(one) and words in one.text, f"an end with {words!r}")

    def calls(self, method: str) -> list[ReceivedCall]:
        """Calls for this chat."""
        return self.telegram.calls(method, chat_id=self.chat)

    def was_fetched(self, file: StoredFile) -> bool:
        """Whether the bot has asked for a file."""
        return any(call.params.get("file_id") == file.file_id for call in self.telegram.calls("getFile"))

    def _said(self, message: Message) -> Message:
        self.sent.append(message)
        return message


def _number(message: Message | Line | None) -> int | None:
    return None if message is None else message.message_id


def content(line: Line) -> bytes:
    """The file of a message."""
    assert line.path is not None
    return line.path.read_bytes()


def texts(line: Line) -> list[str]:
    """All that a message ever said."""
    return [version.text for version in line.versions]
