"""Which status messages are shown anew because time has gone by, and nothing else. Pure.

An event of a stream is shown at once. In between, the elapsed time and the bar move as often as Telegram's budgets
allow: seldom enough in each chat that the next event finds room, and in all chats together within what is left of
the budget of 30 messages a second, those first that have stood still for longest.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

PRIVATE_SECONDS = 5.0
"""Seconds between two refreshes of one message in a private chat, which takes a message a second."""

GROUP_SECONDS = 15.0
"""The same in a group, which takes 20 a minute."""

UNSEEN_SECONDS = 2.0
"""After so long a state is shown that was held back because the next one was to come soon."""


@dataclass(frozen=True, slots=True)
class Refreshable:
    """A status message that shows a generation under way.

    Attributes:
        generation_id: Which.
        chat_id: Where; negative for groups.
        at: When it was last given something to show, seconds.
        unseen: Whether that was held back.
    """

    generation_id: str
    chat_id: int
    at: float
    unseen: bool = False


def pause(chat_id: int, together: int) -> float:
    """Seconds between two refreshes of one message.

    Args:
        chat_id: Its chat.
        together: How many in that chat there are; they share what one alone would have.
    """
    return (PRIVATE_SECONDS if chat_id > 0 else GROUP_SECONDS) * max(1, together)


def due(shown: Iterable[Refreshable], now: float, room: int) -> list[str]:
    """The generations to be shown anew now.

    Args:
        shown: All that are under way.
        now: Seconds.
        room: How many edits the outbox has room for.

    Returns:
        Their ids, at most ``room``; in a chat at most one, since it takes one message a second.
    """
    everything = list(shown)
    together = Counter(one.chat_id for one in everything)
    late = [
        one
        for one in everything
        if now - one.at >= (UNSEEN_SECONDS if one.unseen else pause(one.chat_id, together[one.chat_id]))
    ]
    first_of_chat: dict[int, Refreshable] = {}
    for one in sorted(late, key=lambda one: one.at):
        first_of_chat.setdefault(one.chat_id, one)
    return [one.generation_id for one in first_of_chat.values()][: max(0, room)]
