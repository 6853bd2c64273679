"""A person with a phone: sends, edits, presses, deletes, blocks."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from sandbox.botapi.backend import Backend
from sandbox.botapi.buyer import Buyer
from sandbox.botapi.delivery import deliver, deliver_press, deliver_reaction, deliver_standing
from sandbox.botapi.entities import find_entities
from sandbox.botapi.inline_user import InlineUser
from sandbox.botapi.model import Chat, Clip, Document, Media, Message, RichText, Standing, User, Video
from sandbox.botapi.placeholders import CLIPS, FIELDS
from sandbox.botapi.state import ANONYMOUS_ADMIN

Content: TypeAlias = bytes | Path


class Person(Buyer, InlineUser):
    """Somebody who uses Telegram; every method is something they do on their phone.

    In all methods ``chat`` is the id of the chat, the private one with the bot when it is None; ``thread`` is a topic
    of a forum; ``anonymous`` is an administrator who hides behind the group.

    Args:
        backend: The server's parts.
        user: Who it is.
    """

    def __init__(self, backend: Backend, user: User) -> None:
        self._backend = backend
        self.user = user

    @property
    def user_id(self) -> int:
        """The person's id."""
        return self.user.user_id

    @property
    def chat_id(self) -> int:
        """The private chat with the bot; the same number as the person's id."""
        return self.user.user_id

    async def open_link(self, url: str) -> Message:
        """Open a link to the bot, ``https://t.me/<bot>?start=<parameter>``, and press Start."""
        _, _, parameter = url.partition("?start=")
        return await self.send_text(f"/start {parameter}".rstrip())

    async def send_text(
        self,
        text: str,
        *,
        chat: int | None = None,
        reply_to: int | None = None,
        thread: int | None = None,
        anonymous: bool = False,
    ) -> Message:
        """Send a text; commands, mentions and links in it are marked as Telegram marks them."""
        message = self._draft(chat, reply_to, thread, text, anonymous=anonymous)
        return self._send(message)

    async def send_photo(
        self,
        image: Content,
        caption: str = "",
        *,
        chat: int | None = None,
        reply_to: int | None = None,
        thread: int | None = None,
        group_id: str = "",
        anonymous: bool = False,
    ) -> Message:
        """Send a photo; ``group_id`` makes it part of that album."""
        media = await self._photo(image)
        message = self._draft(chat, reply_to, thread, caption, anonymous=anonymous)
        message.media, message.media_group_id = media, group_id
        return self._send(message)

    async def send_document(
        self,
        content: Content,
        caption: str = "",
        *,
        file_name: str = "",
        mime_type: str = "",
        chat: int | None = None,
        reply_to: int | None = None,
        thread: int | None = None,
        group_id: str = "",
    ) -> Message:
        """Send a file as it is; ``group_id`` makes it part of that album."""
        media = await self._document(content, file_name, mime_type)
        message = self._draft(chat, reply_to, thread, caption)
        message.media, message.media_group_id = media, group_id
        return self._send(message)

    async def send_album(
        self,
        images: Sequence[Content],
        caption: str | Sequence[str] = "",
        *,
        as_documents: bool = False,
        order: Sequence[int] | None = None,
        between: Callable[[], Awaitable[None]] | None = None,
        chat: int | None = None,
        reply_to: int | None = None,
        thread: int | None = None,
    ) -> list[Message]:
        """Send an album: one update for each part, all with the same ``media_group_id``.

        Args:
            images: The parts.
            caption: For the first part, or one for each.
            as_documents: Send files instead of photos.
            order: In which order the bot hears of the parts, as indexes; None = as they stand.
            between: Awaited between two updates, to make gaps.
            chat: See the class.
            reply_to: A message id that every part answers.
            thread: See the class.

        Returns:
            The messages in the order of the album.
        """
        captions = [caption] if isinstance(caption, str) else list(caption)
        captions += [""] * (len(images) - len(captions))
        group_id = self._backend.world.next_album()
        messages = []
        for image, text in zip(images, captions, strict=True):
            media = await (self._document(image, "", "") if as_documents else self._photo(image))
            message = self._draft(chat, reply_to, thread, text)
            message.media, message.media_group_id = media, group_id
            self._post(message)
            messages.append(message)
        for position, index in enumerate(order if order is not None else range(len(messages))):
            if position and between is not None:
                await between()
            deliver(self._backend, messages[index])
        return messages

    async def send_other(
        self,
        kind: str,
        caption: str = "",
        *,
        size: int = 4096,
        chat: int | None = None,
        reply_to: int | None = None,
        thread: int | None = None,
    ) -> Message:
        """Send something the bot cannot use: one of ``placeholders.OTHER_KINDS``; ``size`` = bytes of its file."""
        message = self._draft(chat, reply_to, thread, caption)
        if kind in FIELDS:
            message.fields = {kind: dict(FIELDS[kind])}
            return self._send(message)
        name, mime = CLIPS[kind]
        incoming = await self._backend.files.receive(bytes(size), file_name=name, mime_type=mime)
        file = await self._backend.files.keep(incoming, kind)
        message.media = Video(file, 640, 360, 5) if kind == "video" else Clip(kind, file, 512, 512, 3)
        return self._send(message)

    async def edit(self, message: Message, text: str) -> Message:
        """Change the text or caption of an own message."""
        content = RichText(text, find_entities(text))
        self._backend.world.edit(message, content, message.keyboard)
        self._backend.note("message_edited", "person", message)
        deliver(self._backend, message, edited=True)
        return message

    async def press(
        self, message_id: int, label: str | None = None, *, data: str | None = None, chat: int | None = None
    ) -> str:
        """Press a button of the bot's, found by a part of its label or by its exact data.

        Returns:
            The id of the callback query; see ``BotApiServer.wait_for_answer``.

        Raises:
            LookupError: There is no such button any more.
        """
        message = self._chat(chat).messages[message_id]
        for row in message.keyboard:
            for button in row:
                wanted = button.data == data if data is not None else label is not None and label in button.label
                if wanted and button.data is not None and not message.deleted:
                    return self.press_data(message, button.data)
        raise LookupError(f"no button {label if data is None else data!r} under message {message_id}")

    def press_data(self, message: Message, data: str) -> str:
        """Send a callback query with any data, as an old or forged button does."""
        details: dict[str, object] = {"user_id": self.user_id, "chat_id": message.chat_id, "data": data}
        self._backend.note_other("button_pressed", "person", details | {"message_id": message.message_id})
        return deliver_press(self._backend, self.user, message, data)

    async def react(self, message_id: int, *emoji: str, chat: int | None = None) -> None:
        """React to a message, in place of an earlier reaction; no emoji takes that away."""
        message = self._chat(chat).messages[message_id]
        old = self._backend.world.react(message, self.user, emoji)
        details: dict[str, object] = {"chat_id": message.chat_id, "message_id": message_id, "user_id": self.user_id}
        self._backend.note_other("message_reaction", "person", details | {"reaction": list(emoji)})
        deliver_reaction(self._backend, self.user, message, old)

    async def delete(self, message_id: int, *, chat: int | None = None) -> None:
        """Delete a message, own or the bot's; bots are not told."""
        message = self._chat(chat).messages[message_id]
        message.deleted = True
        self._backend.note("message_deleted", "person", message)

    async def block(self) -> None:
        """Block the bot."""
        self.user.blocked_bot = True
        deliver_standing(self._backend, self._chat(None), self.user, Standing.MEMBER, Standing.KICKED)

    async def unblock(self) -> None:
        """Unblock the bot."""
        self.user.blocked_bot = False
        deliver_standing(self._backend, self._chat(None), self.user, Standing.KICKED, Standing.MEMBER)

    def _chat(self, chat: int | None) -> Chat:
        return self._backend.world.chats[self.chat_id if chat is None else chat]

    async def _photo(self, image: Content) -> Media:
        incoming = await self._backend.files.receive(image, file_name="photo.jpg", mime_type="image/jpeg")
        media = await self._backend.files.keep_photo(incoming)
        self._backend.files.remember(media)
        return media

    async def _document(self, content: Content, file_name: str, mime_type: str) -> Media:
        incoming = await self._backend.files.receive(content, file_name=file_name, mime_type=mime_type)
        media = Document(await self._backend.files.keep(incoming, "document"))
        self._backend.files.remember(media)
        return media

    def _draft(
        self, chat: int | None, reply_to: int | None, thread: int | None, text: str, *, anonymous: bool = False
    ) -> Message:
        place = self._chat(chat)
        message = self._backend.world.new_message(place, ANONYMOUS_ADMIN if anonymous else self.user)
        message.sender_chat_id = place.chat_id if anonymous else None
        message.content = RichText(text, find_entities(text))
        message.reply_to = reply_to
        if thread is not None:
            message.thread_id, message.in_topic = thread, True
        return message

    def _post(self, message: Message) -> None:
        chat = self._backend.world.chats[message.chat_id]
        if not chat.is_group:
            self.user.started = True
        self._backend.world.post(chat, message)
        self._backend.note("message_sent", "person", message)

    def _send(self, message: Message) -> Message:
        self._post(message)
        deliver(self._backend, message)
        return message
