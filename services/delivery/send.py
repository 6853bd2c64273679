"""Sends videos to a chat: one as a video, several as an album, as a reply, uploads streamed from disk."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path
from typing import Any, cast

from structlog import get_logger
from telegram import Bot, InputFile, InputMediaVideo, Message, ReplyParameters
from telegram.constants import ChatAction, MessageLimit
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from services.clock import Sleep
from services.delivery.errors import (
    SendError,
    SendForbiddenError,
    SendNotSentError,
    SendRefusedError,
    SendUnknownError,
)
from services.delivery.facts import VideoFacts
from services.http_requests import CallBrokeError, NeverSentError
from services.outbox.calls import Priority, sending
from services.screens import Place
from services.tasks import in_thread
from services.telegram_errors import Refusal, is_closed, refusal_of

ANSWER_SECONDS = 90.0
"""How long Telegram may take to answer, beyond the time for what is still on its way."""

SOCKET_BUFFER_BYTES = 4_000_000
"""How much of an upload may still lie in the system's buffers when its last byte has been handed over."""

SLOWEST_BYTES_PER_SECOND = 50_000
"""The slowest connection that an upload gets through."""

CONNECT_SECONDS = 20.0

ACTION_SECONDS = 4.5
"""Telegram shows what the bot is doing for five seconds."""

STALL_SECONDS = 60.0
"""How long one chunk of an upload (64 KiB) may wait for the connection."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A video to send."""

    source: str | Path = field(repr=False)
    """An http(s) address or a Telegram file id; or the path of a file, which is uploaded."""
    facts: VideoFacts | None = None
    """What Telegram is told; None with a file id."""
    filename: str = "video.mp4"


@dataclass(frozen=True, slots=True)
class SentVideo:
    """A video in a chat."""

    message_id: int
    file_id: str


@dataclass(frozen=True, slots=True)
class VideoSender:
    """Sends videos. Nothing is tried twice, save without a reply or topic that is gone."""

    bot: Bot

    async def send(self, place: Place, videos: Sequence[Outgoing], caption: str = "") -> list[SentVideo]:
        """Sends one video, or 2 to 10 as an album, in their order.

        Args:
            caption: Plain text, cut at 1024 characters; of an album, that of its first video.

        Raises:
            SendRefusedError: Telegram refused the media; nothing was sent.
            SendForbiddenError: The bot may not write there; nothing was sent.
            SendNotSentError: Provably not sent; may be tried again.
            SendUnknownError: May have been sent.
            telegram.error.RetryAfter: Flood limit; nothing was sent.
            telegram.error.ChatMigrated: The group has another id now; nothing was sent.
        """
        text = caption[: MessageLimit.CAPTION_LENGTH] or None
        while True:
            with ExitStack() as stack:
                files = await in_thread(_open, None, videos)
                for file in files.values():
                    stack.enter_context(file)
                try:
                    messages = await self._call(place, videos, files, text)
                    return [SentVideo(message.message_id, _file_id(message)) for message in messages]
                except TelegramError as error:
                    elsewhere = narrower(place, error)
                    if elsewhere is None:
                        found = meaning(error, whole=all(file.tell() >= _size(file) for file in files.values()))
                        if found is error:
                            raise
                        # The library's error may quote what the bot's address is part of.
                        raise found from None
            place = elsewhere

    async def send_again(self, place: Place, file_ids: Sequence[str], prompt: str) -> bool:
        """Sends 1 to 10 videos that Telegram has, by their file ids; False when it does not know them any more.

        A chat that takes no videos from the bot gets none.

        Raises:
            telegram.error.TelegramError: A failure that says nothing about videos or chat.
        """
        try:
            with sending(Priority.ANSWER):
                await self.send(place, [Outgoing(file_id) for file_id in file_ids], as_caption(prompt))
        except ChatMigrated as error:
            return await self.send_again(replace(place, chat_id=error.new_chat_id, reply_to=None), file_ids, prompt)
        except SendForbiddenError:
            return True
        except SendRefusedError:
            return False
        except SendError as error:
            raise NetworkError(str(error)) from None
        return True

    @asynccontextmanager
    async def uploading(self, place: Place, sleep: Sleep) -> AsyncIterator[None]:
        """Lets the chat show that videos are on their way, while the block runs."""
        shown = asyncio.ensure_future(self._show_uploading(place, sleep))
        try:
            yield
        finally:
            shown.cancel()
            await asyncio.gather(shown, return_exceptions=True)

    async def _show_uploading(self, place: Place, sleep: Sleep) -> None:
        while True:
            try:
                await self.bot.send_chat_action(place.chat_id, ChatAction.UPLOAD_VIDEO, place.thread_id)
            except (BadRequest, Forbidden, ChatMigrated) as error:
                # It would be refused again; the videos themselves are another matter.
                log.debug("action_refused", error=type(error).__name__)
                return
            except TelegramError as error:
                log.debug("action_not_shown", error=type(error).__name__)
            await sleep(ACTION_SECONDS)

    async def has_answer(self) -> bool:
        """Whether Telegram answers a call that changes nothing; an answer of a gateway in its place is none."""
        try:
            await self.bot.get_me()
        except (RetryAfter, BadRequest, Forbidden, InvalidToken):
            return True
        except TelegramError:
            return False
        return True

    async def _call(
        self, place: Place, videos: Sequence[Outgoing], files: Mapping[int, FileIO], caption: str | None
    ) -> Sequence[Message]:
        reply = (
            ReplyParameters(place.reply_to, allow_sending_without_reply=True) if place.reply_to is not None else None
        )
        uploaded = sum(map(_size, files.values()))
        answer = ANSWER_SECONDS + min(uploaded, SOCKET_BUFFER_BYTES) / SLOWEST_BYTES_PER_SECOND
        common: dict[str, Any] = {
            "message_thread_id": place.thread_id,
            "reply_parameters": reply,
            "read_timeout": answer,
            "write_timeout": STALL_SECONDS,
            "connect_timeout": CONNECT_SECONDS,
        }
        if len(videos) > 1:
            album = [_album_item(video, files.get(at), None if at else caption) for at, video in enumerate(videos)]
            return await self.bot.send_media_group(place.chat_id, album, **common)
        media = _media(videos[0], files.get(0), attach=False)
        return [await self.bot.send_video(place.chat_id, media, **_shown(videos[0], caption), **common)]


def _open(videos: Sequence[Outgoing]) -> dict[int, FileIO]:
    return {at: FileIO(video.source) for at, video in enumerate(videos) if isinstance(video.source, Path)}


def _size(file: FileIO) -> int:
    return os.fstat(file.fileno()).st_size


def _media(video: Outgoing, file: FileIO | None, *, attach: bool) -> str | InputFile:
    """What the library is given; a file object without ``read_file_handle=False`` it would read whole."""
    if file is None:
        return str(video.source)
    return InputFile(file, filename=video.filename, attach=attach, read_file_handle=False)


def _album_item(video: Outgoing, file: FileIO | None, caption: str | None) -> InputMediaVideo:
    # The library passes an InputFile on as it is; its annotation does not say so.
    return InputMediaVideo(cast("str", _media(video, file, attach=True)), **_shown(video, caption))


def _shown(video: Outgoing, caption: str | None) -> dict[str, Any]:
    """How the chat shows a video."""
    facts = video.facts
    return {
        "caption": caption,
        "parse_mode": None,
        "width": facts.width if facts else None,
        "height": facts.height if facts else None,
        "duration": facts.duration if facts else None,
        "supports_streaming": True,
    }


def _file_id(message: Message) -> str:
    """The id of what arrived: of a video without sound Telegram makes an animation, of an odd one a document."""
    arrived = message.video or message.animation or message.document
    return arrived.file_id if arrived else ""


def as_caption(prompt: str) -> str:
    """The prompt as a caption, cut where Telegram would refuse it."""
    limit = int(MessageLimit.CAPTION_LENGTH)
    return prompt if len(prompt) <= limit else prompt[: limit - 1].rstrip() + "…"


def meaning(error: TelegramError, *, whole: bool) -> SendError | TelegramError:
    """Says what an error means for the videos; ``whole`` is whether the request may have been written to its end.

    Returns:
        The error to raise: one of ours, or the same where it speaks for itself (flood limit, migration, token).
    """
    if isinstance(error, RetryAfter | ChatMigrated | InvalidToken):
        return error
    if isinstance(error, Forbidden):
        return SendForbiddenError(error.message)
    if isinstance(error, BadRequest):
        return SendForbiddenError(error.message) if is_closed(error) else SendRefusedError(error.message)
    text = error.message.lower()
    if "too large" in text or "(413)" in text:
        return SendRefusedError("too large")
    cause = error.__cause__ or error
    name = str(cause) if isinstance(cause, CallBrokeError) else type(cause).__name__
    if isinstance(cause, NeverSentError):
        return SendNotSentError(name)
    return SendUnknownError(name) if whole else SendNotSentError(name, broke_off=True)


def narrower(place: Place, error: TelegramError) -> Place | None:
    """Where to send instead when what is replied to, or the topic, is gone; None when the error says no such thing."""
    refusal = refusal_of(error) if isinstance(error, BadRequest) else Refusal.OTHER
    if place.thread_id is not None and refusal is Refusal.TOPIC_GONE:
        return replace(place, thread_id=None)
    if place.reply_to is not None and refusal is Refusal.REPLY_GONE:
        return replace(place, reply_to=None)
    return None
