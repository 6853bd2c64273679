"""Whoever puts messages into chats: the part of a person, and of a channel, that sends."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from sandbox.botapi.backend import Backend
from sandbox.botapi.delivery import deliver
from sandbox.botapi.entities import find_entities
from sandbox.botapi.model import Chat, Clip, Document, Media, Message, RichText, User, Video
from sandbox.botapi.placeholders import CLIPS, FIELDS
from sandbox.botapi.state import ANONYMOUS_ADMIN

Content: TypeAlias = bytes | Path


class Sender:
    """Sends messages of every kind, and edits them.

    In all methods ``chat`` is the id of the chat, one's own when it is None; ``thread`` is a topic of a forum;
    ``anonymous`` is an administrator who hides behind the group.
    """

    _backend: Backend
    user: User
    _sender_chat_id: int | None = None
    """The chat in whose name all is sent, if in any."""

    @property
    def chat_id(self) -> int:
        """One's own chat."""
        raise NotImplementedError

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
        sized: bool = True,
    ) -> Message:
        """Send a file as it is.

        Args:
            content: The file.
            caption: Its caption.
            file_name: As the bot is told; empty = that of a path, or none.
            mime_type: As the bot is told; empty = what the name suggests.
            chat: See the class.
            reply_to: A message id.
            thread: See the class.
            group_id: Makes it part of that album.
            sized: Whether the bot is told ``file_size``, which is optional.
        """
        media = await self._document(content, file_name, mime_type, sized=sized)
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
            order: In which order the bot hears of the parts, as indexes; None = as they stand, () = of none of them
                yet (see ``tell``).
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
            message.fields = dict(FIELDS[kind])
            return self._send(message)
        name, mime = CLIPS[kind]
        incoming = await self._backend.files.receive(bytes(size), file_name=name, mime_type=mime)
        file = await self._backend.files.keep(incoming, kind)
        message.media = Video(file, 640, 360, 5) if kind == "video" else Clip(kind, file, 512, 512, 3)
        return self._send(message)

    async def send_fields(
        self,
        fields: Mapping[str, object],
        *,
        chat: int | None = None,
        reply_to: int | None = None,
        thread: int | None = None,
    ) -> Message:
        """Send a message that has any fields on the wire: a service message, or what only a later Bot API knows."""
        message = self._draft(chat, reply_to, thread, "")
        message.fields = dict(fields)
        return self._send(message)

    def tell(self, message: Message) -> None:
        """Have the bot hear of a message that stands in its chat already, if it may: late, or once more as news."""
        deliver(self._backend, message)

    async def edit(self, message: Message, text: str) -> Message:
        """Change the text or caption of an own message."""
        content = RichText(text, find_entities(text))
        self._backend.world.edit(message, content, message.keyboard)
        self._backend.note("message_edited", "person", message)
        deliver(self._backend, message, edited=True)
        return message

    def _chat(self, chat: int | None) -> Chat:
        return self._backend.world.chats[self.chat_id if chat is None else chat]

    async def _photo(self, image: Content) -> Media:
        incoming = await self._backend.files.receive(image, file_name="photo.jpg", mime_type="image/jpeg")
        media = await self._backend.files.keep_photo(incoming)
        self._backend.files.remember(media)
        return media

    async def _document(self, content: Content, file_name: str, mime_type: str, *, sized: bool = True) -> Media:
        incoming = await self._backend.files.receive(content, file_name=file_name, mime_type=mime_type)
        media = Document(await self._backend.files.keep(incoming, "document"), sized=sized)
        self._backend.files.remember(media)
        return media

    def _draft(
        self, chat: int | None, reply_to: int | None, thread: int | None, text: str, *, anonymous: bool = False
    ) -> Message:
        place = self._chat(chat)
        message = self._backend.world.new_message(place, ANONYMOUS_ADMIN if anonymous else self.user)
        message.sender_chat_id = place.chat_id if anonymous else self._sender_chat_id
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
