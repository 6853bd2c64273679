"""The one table of routes: what comes in, and what handles it; specific ones before general ones."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from telegram import Update
from telegram.ext import (
    ApplicationBuilder,
    BaseHandler,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ExtBot,
    InlineQueryHandler,
    MessageHandler,
    PreCheckoutQueryHandler,
    filters,
)

from handlers.addressing import VIDEO_COMMAND
from handlers.admin import allow, deny, stats
from handlers.buttons import press_button, press_stale
from handlers.commands import cancel, help_, privacy, start, unknown
from handlers.context import SERVICES, BotApplication, Context
from handlers.errors import handle_error
from handlers.history import browse_history, history, offer_videos
from handlers.messages import edited_message, group_message, group_moved, private_message
from handlers.payments import (
    PAY_LINK,
    balance,
    judge_payment,
    note_refund,
    paysupport,
    refund,
    send_invoice,
    take_payment,
    terms,
)
from handlers.settings import change_setting, decide_forgetting, forget, settings
from handlers.visitors import Handler
from services.profile import Menus
from services.services import Services

Commands: TypeAlias = Mapping[str, Handler | None]
"""Commands in the order of Telegram's menus, which say of each the text ``command-<name>``."""

FOR_ALL: Commands = {
    "start": start,
    "help": help_,
    "video": None,  # It also stands in captions: messages.py reads it.
    "cancel": cancel,
    "history": history,
    "settings": settings,
    "privacy": privacy,
    "forget": forget,
}
FOR_ADMINS: Commands = {"stats": stats, "allow": allow, "deny": deny}
FOR_BUYERS: Commands = {"balance": balance, "terms": terms, "paysupport": paysupport}
"""In private chats, where videos have a price."""
FOR_SELLERS: Commands = {"refund": refund}
"""In private chats of admins, where videos have a price."""

IN_GROUPS = ("video", "help", "cancel", "history", "settings")
"""What the menu of groups shows."""


def menus(*, sells: bool) -> Menus:
    """The commands that Telegram shows, with those of sales where videos have a price."""
    buyers, sellers = (FOR_BUYERS, FOR_SELLERS) if sells else ({}, {})
    return Menus((*FOR_ALL, *buyers), IN_GROUPS, (*FOR_ALL, *FOR_ADMINS, *buyers, *sellers))


def _commands(commands: Commands, where: filters.BaseFilter) -> list[BaseHandler[Update, Context, Any]]:
    return [CommandHandler(name, handler, filters=where) for name, handler in commands.items() if handler is not None]


def routes(*, sells: bool) -> list[BaseHandler[Update, Context, Any]]:
    """All routes, in the order in which they are tried.

    Args:
        sells: Whether videos have a price; without one, only what was paid before is taken.
    """
    new, edited = filters.UpdateType.MESSAGE, filters.UpdateType.EDITED_MESSAGE
    in_private, in_group = filters.ChatType.PRIVATE, filters.ChatType.GROUPS
    sales: list[BaseHandler[Update, Context, Any]] = [
        PreCheckoutQueryHandler(judge_payment),
        MessageHandler(new & in_private & filters.Regex(PAY_LINK), send_invoice),
        *_commands({**FOR_BUYERS, **FOR_SELLERS}, new & in_private),
    ]
    return [
        MessageHandler(new & filters.SUCCESSFUL_PAYMENT, take_payment),
        MessageHandler(new & filters.StatusUpdate.REFUNDED_PAYMENT, note_refund),
        *(sales if sells else []),
        CallbackQueryHandler(press_button, pattern=r"^[dg]:"),
        *_commands({**FOR_ALL, **FOR_ADMINS}, new),
        CallbackQueryHandler(change_setting, pattern=r"^s:"),
        CallbackQueryHandler(browse_history, pattern=r"^h:"),
        CallbackQueryHandler(decide_forgetting, pattern=r"^f:"),
        CallbackQueryHandler(press_stale),
        InlineQueryHandler(offer_videos),
        MessageHandler(edited, edited_message),
        MessageHandler(new & filters.StatusUpdate.MIGRATE, group_moved),
        MessageHandler(new & in_private & filters.COMMAND & ~filters.Regex(VIDEO_COMMAND), unknown),
        MessageHandler(new & in_private, private_message),
        MessageHandler(new & in_group, group_message),
    ]


def make_application(bot: ExtBot[None], services: Services) -> BotApplication:
    """The library's application with all routes; updates come to it from elsewhere."""
    builder = ApplicationBuilder().bot(bot).updater(None).job_queue(None)
    application = builder.context_types(ContextTypes(context=Context)).build()
    application.bot_data[SERVICES] = services
    application.add_handlers(routes(sells=services.sales.is_open))
    application.add_error_handler(handle_error)
    return application
