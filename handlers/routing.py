"""The one table of routes: what comes in, and what handles it; specific ones before general ones."""

from typing import Any

from telegram import Message, Update
from telegram.ext import BaseHandler, CallbackQueryHandler, MessageHandler, filters

from handlers.addressing import is_video_command
from handlers.buttons import Buttons
from handlers.commands import command_handlers, unknown_command_handler
from handlers.deps import Deps
from handlers.intake import Edits, GroupIntake, Moves, PrivateIntake


class VideoCommand(filters.MessageFilter):
    """Texts that begin with ``/video``; captions, which the library's own command handler never sees, go with media."""

    def filter(self, message: Message) -> bool:
        """Whether the text does."""
        return message.text is not None and is_video_command(message.text)


def routes(deps: Deps) -> list[BaseHandler[Update, Any, Any]]:
    """All routes, in the order in which they are tried."""
    private, group = PrivateIntake(deps), GroupIntake(deps)
    buttons = Buttons(deps)
    new, edited = filters.UpdateType.MESSAGE, filters.UpdateType.EDITED_MESSAGE
    in_private, in_group = filters.ChatType.PRIVATE, filters.ChatType.GROUPS
    return [
        CallbackQueryHandler(buttons.card, pattern=r"^d:"),
        CallbackQueryHandler(buttons.status, pattern=r"^g:"),
        *command_handlers(deps.rooms),
        CallbackQueryHandler(buttons.stale),
        MessageHandler(edited, Edits(deps).edited),
        MessageHandler(new & filters.StatusUpdate.MIGRATE, Moves(deps).moved),
        MessageHandler(new & in_private & VideoCommand(), private.message),
        unknown_command_handler(deps.rooms),
        MessageHandler(new & in_private, private.message),
        MessageHandler(new & in_group, group.message),
    ]
