"""The one table of routes: what comes in, and what handles it; specific ones before general ones."""

from typing import Any

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
from services.services import Services

COMMANDS = {
    "start": start,
    "help": help_,
    "cancel": cancel,
    "privacy": privacy,
    "history": history,
    "settings": settings,
    "forget": forget,
    "stats": stats,
    "allow": allow,
    "deny": deny,
}
"""Every command but ``/video``, which also stands in captions."""

PAYMENT_COMMANDS = {"balance": balance, "terms": terms, "paysupport": paysupport, "refund": refund}
"""Those of private chats where videos have a price."""


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
        *(CommandHandler(name, handler, filters=new & in_private) for name, handler in PAYMENT_COMMANDS.items()),
    ]
    return [
        MessageHandler(new & filters.SUCCESSFUL_PAYMENT, take_payment),
        MessageHandler(new & filters.StatusUpdate.REFUNDED_PAYMENT, note_refund),
        *(sales if sells else []),
        CallbackQueryHandler(press_button, pattern=r"^[dg]:"),
        *(CommandHandler(name, handler, filters=new) for name, handler in COMMANDS.items()),
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
