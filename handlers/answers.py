"""Answers to people: messages that may find the chat closed, and presses that are answered once.

Source: Bot API page of ``answerCallbackQuery``.
"""

from dataclasses import replace

from structlog import get_logger
from telegram import CallbackQuery
from telegram.constants import CallbackQueryLimit
from telegram.error import BadRequest

from services.messenger import ChatClosedError, ChatMovedError, EditOutcome, Messenger
from services.screens import Place, Screen

log = get_logger(__name__)


class Answers:
    """Says things where a closed chat is no fault of anybody's.

    Args:
        messenger: Sends and edits.
    """

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger

    async def say(self, place: Place, screen: Screen) -> None:
        """Send a message; where the chat is closed to the bot, nothing happens.

        Raises:
            telegram.error.TelegramError: Any other failure.
        """
        try:
            await self._send(place, screen)
        except ChatClosedError:
            log.info("answer_not_wanted", chat_id=place.chat_id)

    async def show(self, query: CallbackQuery, screen: Screen) -> None:
        """Make the message under the pressed button show something else, or send it where that is too late.

        Raises:
            telegram.error.TelegramError: The chat does not answer.
        """
        message = query.message
        if message is None:
            return
        try:
            outcome = await self._messenger.edit(message.chat.id, message.message_id, screen)
        except ChatMovedError as moved:
            await self.say(Place(moved.new_chat_id), screen)
            return
        if outcome is EditOutcome.GONE:
            await self.say(Place(message.chat.id), screen)

    async def close(self, query: CallbackQuery, notice: str | None = None) -> None:
        """Answer a press: end its spinner, with a short notice or none.

        Raises:
            telegram.error.TelegramError: Anything but an answer that comes too late.
        """
        try:
            await query.answer(notice and notice[: int(CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH)])
        except BadRequest as error:
            log.info("press_answered_too_late", error=error.message)

    async def _send(self, place: Place, screen: Screen) -> None:
        try:
            await self._messenger.send(place, screen)
        except ChatMovedError as moved:
            # The message replied to stayed behind in the old group.
            await self._messenger.send(replace(place, chat_id=moved.new_chat_id, reply_to=None), screen)
