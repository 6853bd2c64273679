"""Messages out: a :class:`~services.screens.Screen` sent or edited, Telegram's answers turned into a few outcomes.

Sources: Bot API pages of ``sendMessage``, ``editMessageText``, ``deleteMessage``.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum, auto

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
    SwitchInlineQueryChosenChat,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, TelegramError

from services.outbox.calls import Fence, Priority, sending
from services.screens import Button, Place, Screen
from services.telegram_errors import Refusal, is_closed, refusal_of

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class EditOutcome(Enum):
    """What became of an edit."""

    DONE = auto()
    """The message shows the screen (or did so already, or a newer one took its turn)."""
    GONE = auto()
    """The message cannot be edited any more."""
    CLOSED = auto()
    """The chat is closed to the bot: blocked, kicked, no rights."""


_REFUSED = {
    Refusal.UNCHANGED: EditOutcome.DONE,
    Refusal.MESSAGE_GONE: EditOutcome.GONE,
    Refusal.CLOSED: EditOutcome.CLOSED,
    Refusal.NO_MEDIA_HERE: EditOutcome.CLOSED,
}


class ChatClosedError(Exception):
    """The chat is closed to the bot: blocked, kicked, no rights, deleted."""


def keyboard(screen: Screen) -> InlineKeyboardMarkup | None:
    """The screen's buttons in Telegram's type."""
    if not screen.rows:
        return None
    return InlineKeyboardMarkup([[_button(button) for button in row] for row in screen.rows])


def _button(button: Button) -> InlineKeyboardButton:
    style = button.style.value or None
    if button.url:
        return InlineKeyboardButton(button.label, url=button.url, style=style)
    if not button.query:
        return InlineKeyboardButton(button.label, callback_data=button.data, style=style)
    chosen = SwitchInlineQueryChosenChat(
        button.query, allow_user_chats=True, allow_group_chats=True, allow_channel_chats=True
    )
    return InlineKeyboardButton(button.label, switch_inline_query_chosen_chat=chosen, style=style)


@dataclass(slots=True)
class Messenger:
    """Sends and edits text messages."""

    bot: Bot
    """Its rate limiter is the outbox."""

    async def send(self, place: Place, screen: Screen, priority: Priority = Priority.ANSWER) -> int:
        """Send a new message, and return its id.

        Raises:
            ChatClosedError: The chat is closed to the bot.
            telegram.error.ChatMigrated: The group became a supergroup.
            telegram.error.TelegramError: Any other failure, a timeout included (it may have been sent).
        """
        reply = None
        if place.reply_to is not None:
            reply = ReplyParameters(message_id=place.reply_to, allow_sending_without_reply=True)
        try:
            with sending(priority):
                message = await self.bot.send_message(
                    place.chat_id,
                    screen.html,
                    parse_mode=ParseMode.HTML,
                    reply_markup=keyboard(screen),
                    reply_parameters=reply,
                    message_thread_id=place.thread_id,
                    link_preview_options=NO_PREVIEW,
                )
                return message.message_id
        except Forbidden as error:
            raise ChatClosedError from error
        except BadRequest as error:
            if is_closed(error):
                raise ChatClosedError from error
            if place.thread_id is None or refusal_of(error) is not Refusal.TOPIC_GONE:
                raise
        # The topic was deleted: what is left of the forum is General.
        return await self.send(replace(place, thread_id=None), screen, priority)

    async def edit(
        self,
        chat_id: int,
        message_id: int,
        screen: Screen,
        priority: Priority = Priority.ANSWER,
        version: int | None = None,
        fence: Fence | None = None,
    ) -> EditOutcome:
        """Make a message show a screen.

        Args:
            version: Grows with the state shown; an older one never follows a newer one.
            fence: Asked whether the edit shall still be made when its turn has come; what it raises is raised.

        Raises:
            telegram.error.ChatMigrated: The group became a supergroup.
            telegram.error.TelegramError: Any other failure, a timeout included.
        """
        try:
            with sending(priority, version=version, fence=fence):
                await self.bot.edit_message_text(
                    screen.html,
                    chat_id=chat_id,
                    message_id=message_id,
                    parse_mode=ParseMode.HTML,
                    reply_markup=keyboard(screen),
                    link_preview_options=NO_PREVIEW,
                )
        except Forbidden:
            return EditOutcome.CLOSED
        except BadRequest as error:
            outcome = _REFUSED.get(refusal_of(error))
            if outcome is None:
                raise
            return outcome
        return EditOutcome.DONE

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Delete an own message; one that is gone, or cannot be deleted, is left."""
        with suppress(TelegramError), sending(Priority.ANSWER):
            await self.bot.delete_message(chat_id, message_id)
