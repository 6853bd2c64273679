"""Menus that belong to one person: their buttons (``<menu>:<owner>:<word>…``), and the way of a press."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from telegram import CallbackQuery, Update

from handlers.context import Context
from handlers.replies import close
from handlers.visitors import Handler, for_visitors

Choice = TypeVar("Choice")

DATA_LIMIT = 64
"""Bytes of callback data (Bot API page of ``InlineKeyboardButton``)."""

_FORM = re.compile(r"(?a:(?P<menu>[a-z]):(?P<owner>[0-9]{1,19}):(?P<words>[a-z0-9]+(?::[a-z0-9]+){0,3}))")


@dataclass(frozen=True, slots=True)
class MenuPress:
    """A button as it was made."""

    owner_id: int
    """Whose menu it is."""
    words: tuple[str, ...]
    """What it does; never empty."""


def data_of(menu: str, owner_id: int, *words: str | int) -> str:
    """Callback data for a button.

    Args:
        menu: One lower-case letter.
        words: One to four, of lower-case letters and digits.

    Raises:
        ValueError: It would not be read back, or not be taken by Telegram.
    """
    data = ":".join([menu, str(owner_id), *map(str, words)])
    if len(data) > DATA_LIMIT or _FORM.fullmatch(data) is None:
        raise ValueError(f"not fit for a button: {data!r}")
    return data


def read_press(data: str | None) -> MenuPress | None:
    """What a button says, or None for data that this bot never made."""
    match = _FORM.fullmatch(data or "")
    if match is None:
        return None
    return MenuPress(int(match["owner"]), tuple(match["words"].split(":")))


def for_menu_owner(
    understand: Callable[[tuple[str, ...]], Choice | None],
) -> Callable[[Callable[[Context, CallbackQuery, Choice], Awaitable[None]]], Handler]:
    """Make a handler of what a press does in somebody's own menu; others get a notice and nothing changes.

    The press is answered before the work is done, which may outlast Telegram's patience.

    Args:
        understand: What the words of the button mean, or None for words that were never made.
    """

    def decorate(act: Callable[[Context, CallbackQuery, Choice], Awaitable[None]]) -> Handler:
        @for_visitors()
        async def pressed(update: Update, context: Context) -> None:
            query, visitor = update.callback_query, context.visitor
            if query is None:
                return
            press = read_press(query.data)
            choice = understand(press.words) if press else None
            if press is None or choice is None:
                await close(query, visitor.phrases.plain("menu-stale"))
            elif press.owner_id != visitor.caller.user_id:
                await close(query, visitor.phrases.plain("menu-not-yours"))
            else:
                await close(query)
                await act(context, query, choice)

        return pressed

    return decorate
