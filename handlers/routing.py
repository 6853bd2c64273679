"""The one table of routes: what comes in, and what handles it; specific ones before general ones."""

from dataclasses import dataclass
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
from handlers.visitors import Handler
from services.profile import Menus
from services.services import Services


@dataclass(frozen=True, slots=True)
class Command:
    """What a command does, and whose menu shows it; the menu says the text ``command-<name>``."""

    handler: Handler | None
    """None for ``/video``, which also stands in captions: messages.py reads it."""
    for_admins: bool = False
    """Whether only admins see it."""
    for_sales: bool = False
    """Whether it is there only where videos have a price, and then in private chats alone."""


COMMANDS = {
    "start": Command(start),
    "help": Command(help_),
    "video": Command(None),
    "cancel": Command(cancel),
    "history": Command(history),
    "settings": Command(settings),
    "privacy": Command(privacy),
    "forget": Command(forget),
    "stats": Command(stats, for_admins=True),
    "allow": Command(allow, for_admins=True),
    "deny": Command(deny, for_admins=True),
    "balance": Command(balance, for_sales=True),
    "terms": Command(terms, for_sales=True),
    "paysupport": Command(paysupport, for_sales=True),
    "refund": Command(refund, for_admins=True, for_sales=True),
}
"""Every command, in the order of the menus."""

IN_GROUPS = ("video", "help", "cancel", "history", "settings")
"""What the menu of groups shows."""


def menus(*, sells: bool) -> Menus:
    """The commands that Telegram shows, without those of sales where videos have no price."""
    offered = {name: command for name, command in COMMANDS.items() if sells or not command.for_sales}
    private = tuple(name for name, command in offered.items() if not command.for_admins)
    return Menus(private, IN_GROUPS, tuple(offered))


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
    ]
    commands = [
        CommandHandler(name, command.handler, filters=new & in_private if command.for_sales else new)
        for name, command in COMMANDS.items()
        if command.handler is not None and (sells or not command.for_sales)
    ]
    return [
        MessageHandler(new & filters.SUCCESSFUL_PAYMENT, take_payment),
        MessageHandler(new & filters.StatusUpdate.REFUNDED_PAYMENT, note_refund),
        *(sales if sells else []),
        CallbackQueryHandler(press_button, pattern=r"^[dg]:"),
        *commands,
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
