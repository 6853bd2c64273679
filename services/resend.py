"""Earlier videos, sent again by Telegram's own file ids: nothing is fetched or uploaded.

Sources: Bot API pages of ``sendVideo`` and ``sendMediaGroup``.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto

from telegram import Bot, InputMediaVideo, ReplyParameters
from telegram.constants import MessageLimit
from telegram.error import BadRequest, ChatMigrated, Forbidden

from services.messenger import is_closed
from services.outbox.priority import Priority, sending
from services.screens import Place


class ResendOutcome(Enum):
    """What came of it."""

    SENT = auto()
    GONE = auto()
    """Telegram does not know the videos any more."""
    CLOSED = auto()
    """The chat takes no videos from the bot."""


def as_caption(prompt: str) -> str:
    """The prompt as a caption, cut where Telegram would refuse it."""
    limit = int(MessageLimit.CAPTION_LENGTH)
    return prompt if len(prompt) <= limit else prompt[: limit - 1].rstrip() + "…"


class Resender:
    """Sends videos by file id.

    Args:
        bot: The bot; its rate limiter is the outbox.
    """

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def send(self, place: Place, file_ids: Sequence[str], prompt: str) -> ResendOutcome:
        """Send one video as a video, several as an album.

        Args:
            place: Where to.
            file_ids: 1 to 10.
            prompt: Becomes the caption, of an album's first video.

        Raises:
            telegram.error.TelegramError: A failure that says nothing about videos or chat.
        """
        try:
            with sending(Priority.ANSWER):
                await self._send(place, file_ids, as_caption(prompt))
        except ChatMigrated as error:
            return await self.send(replace(place, chat_id=error.new_chat_id, reply_to=None), file_ids, prompt)
        except Forbidden:
            return ResendOutcome.CLOSED
        except BadRequest as error:
            return ResendOutcome.CLOSED if is_closed(error) else ResendOutcome.GONE
        return ResendOutcome.SENT

    async def _send(self, place: Place, file_ids: Sequence[str], caption: str) -> None:
        reply = None
        if place.reply_to is not None:
            reply = ReplyParameters(message_id=place.reply_to, allow_sending_without_reply=True)
        if len(file_ids) == 1:
            await self._bot.send_video(
                place.chat_id,
                file_ids[0],
                caption=caption,
                supports_streaming=True,
                message_thread_id=place.thread_id,
                reply_parameters=reply,
            )
            return
        album = [
            InputMediaVideo(file_id, caption=caption if position == 0 else None)
            for position, file_id in enumerate(file_ids)
        ]
        await self._bot.send_media_group(
            place.chat_id, album, message_thread_id=place.thread_id, reply_parameters=reply
        )
