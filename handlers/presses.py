"""The way of a press in a person's own menu: let in, read, checked for whose it is, answered once."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from telegram import CallbackQuery, Update

from handlers.answers import Answers
from handlers.guard import Guard, Visitor
from handlers.menus import read_press

Choice = TypeVar("Choice")


class Presses:
    """Hands presses to menus.

    Args:
        guard: Lets people in.
        answers: Answers the press.
    """

    def __init__(self, guard: Guard, answers: Answers) -> None:
        self._guard = guard
        self._answers = answers

    async def handle(
        self,
        update: Update,
        understand: Callable[[tuple[str, ...]], Choice | None],
        act: Callable[[Visitor, CallbackQuery, Choice], Awaitable[None]],
    ) -> None:
        """Take a press in somebody's own menu; others get a notice and nothing changes.

        The press is answered before the work is done, which may outlast Telegram's patience.

        Args:
            update: Holds the press.
            understand: What the words of the button mean, or None for words that were never made.
            act: Does it.
        """
        visitor = await self._guard.admit(update)
        query = update.callback_query
        if visitor is None or query is None:
            return
        press = read_press(query.data)
        choice = understand(press.words) if press else None
        if press is None or choice is None:
            await self._answers.close(query, visitor.phrases.plain("menu-stale"))
        elif press.owner_id != visitor.caller.user_id:
            await self._answers.close(query, visitor.phrases.plain("menu-not-yours"))
        else:
            await self._answers.close(query)
            await act(visitor, query, choice)
