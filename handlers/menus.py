"""Menus that belong to one person: their buttons (``<menu>:<owner>:<word>…``), and the way of a press."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from telegram import CallbackQuery, Update

from handlers.context import Context, close
from handlers.visitors import Handler, for_visitors

Choice = TypeVar("Choice")

DATA_LIMIT = 64
"""Bytes of callback data (Bot API page of ``InlineKeyboardButton``)."""

MENU_DATA = re.compile(r"(?a:[a-z]:(?P<owner>[0-9]{1,19}):(?P<words>[a-z0-9]+(?::[a-z0-9]+){0,3}))")


def data_of(menu: str, owner_id: int, *words: str | int) -> str:
    """Callback data for a button.

    Args:
        menu: One lower-case letter.
        words: One to four, of lower-case letters and digits.

    Raises:
        ValueError: It would not be read back, or not be taken by Telegram.
    """
    data = ":".join([menu, str(owner_id), *map(str, words)])
    if len(data) > DATA_LIMIT or MENU_DATA.fullmatch(data) is None:
        raise ValueError(f"not fit for a button: {data!r}")
    return data


def for_menu_owner(
    understand: Callable[[str], Choice | None],
) -> Callable[[Callable[[Context, CallbackQuery, Choice], Awaitable[None]]], Handler]:
    """Make a handler of what a press does in somebody's own menu; others get a notice and nothing changes.

    The press is answered before the work is done, which may outlast Telegram's patience.

    Args:
        understand: What the words of the button mean, with colons between them; None for words that were never made.
    """

    def decorate(act: Callable[[Context, CallbackQuery, Choice], Awaitable[None]]) -> Handler:
        @for_visitors()
        async def pressed(update: Update, context: Context) -> None:
            query, visitor = update.callback_query, context.visitor
            if query is None:
                return
            data = MENU_DATA.fullmatch(query.data or "")
            choice = understand(data["words"]) if data else None
            if data is None or choice is None:
                await close(query, visitor.phrases.plain("menu-stale"))
            elif int(data["owner"]) != visitor.caller.user_id:
                await close(query, visitor.phrases.plain("menu-not-yours"))
            else:
                await close(query)
                await act(context, query, choice)

        return pressed

    return decorate
