"""Answers to people: messages that may find the chat closed, and presses that are answered once.

Source: Bot API page of ``answerCallbackQuery``.
"""

from dataclasses import replace

from structlog import get_logger
from telegram import CallbackQuery
from telegram.constants import CallbackQueryLimit
from telegram.error import BadRequest

from handlers.context import Context
from services.messenger import ChatClosedError, ChatMovedError, EditOutcome, Messenger
from services.screens import Place, Screen
from services.texts import Argument

log = get_logger(__name__)


async def say(messenger: Messenger, place: Place, screen: Screen) -> None:
    """Send a message; where the chat is closed to the bot, nothing happens.

    Raises:
        telegram.error.TelegramError: Any other failure.
    """
    try:
        try:
            await messenger.send(place, screen)
        except ChatMovedError as moved:
            # The message replied to stayed behind in the old group.
            await messenger.send(replace(place, chat_id=moved.new_chat_id, reply_to=None), screen)
    except ChatClosedError:
        log.info("answer_not_wanted", chat_id=place.chat_id)


async def answer(context: Context, screen: Screen) -> None:
    """Answer the visitor where they asked."""
    await say(context.services.messenger, context.visitor.caller.answer_place, screen)


async def answer_text(context: Context, key: str, **arguments: Argument) -> None:
    """Answer the visitor with one text, in their language."""
    await answer(context, Screen(context.visitor.phrases.html(key, **arguments)))


async def show(context: Context, query: CallbackQuery, screen: Screen) -> None:
    """Make the message under the pressed button show something else, or send it where that is too late.

    Raises:
        telegram.error.TelegramError: The chat does not answer.
    """
    message, messenger = query.message, context.services.messenger
    if message is None:
        return
    try:
        outcome = await messenger.edit(message.chat.id, message.message_id, screen)
    except ChatMovedError as moved:
        await say(messenger, Place(moved.new_chat_id), screen)
        return
    if outcome is EditOutcome.GONE:
        await say(messenger, Place(message.chat.id), screen)


async def close(query: CallbackQuery, notice: str | None = None) -> None:
    """Answer a press: end its spinner, with a short notice or none.

    Raises:
        telegram.error.TelegramError: Anything but an answer that comes too late.
    """
    try:
        await query.answer(notice and notice[: int(CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH)])
    except BadRequest as error:
        log.info("press_answered_too_late", error=error.message)
