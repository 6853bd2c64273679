"""The budgets that Telegram sets, and how the outbox lives with them."""

from dataclasses import dataclass, replace
from typing import Self

LEAST_OVERALL = 2
LEAST_GROUP = 5
LEAST_GROUP_PROGRESS = 3
"""What a process may do at least, however many there are: beyond that, Telegram's own refusals set the pace."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers the scheduler works with; the defaults are Telegram's (Bots FAQ, "My bot is hitting limits").

    Several processes of one bot share Telegram's budgets; see `shared`.

    Attributes:
        overall: Messages in all within `overall_span` seconds.
        overall_span: Seconds.
        chat_gap: Seconds between the end of one call to a chat and the start of the next.
        group: Messages to one group within `group_span` seconds.
        group_span: Seconds.
        group_progress: How many of `group` may be spent when progress is sent; the rest is kept for what matters:
            one video and its end.
        uploads: Calls with files in the body that run at once.
        hold: Seconds after its start at which a call without files is taken to have arrived, if it has no answer yet.
        patience: Seconds a call must have waited to go before a fresh one of the next higher priority.
        flood_window: Seconds within which floods of two chats are taken for one of the whole bot.
        pause_all: Seconds that everything rests at most after such a flood; the next one renews it.
        tries: How often Telegram may answer one call with a flood.
        give_up: Seconds after its arrival past which a call is not held back any longer because of a flood.
        repeats: How often an edit (and nothing but an edit) is repeated after a failure of the network.
        remembered: Messages whose last sent state is kept in mind.
        alone: Whether this process alone edits its messages. If not, an answer that shows what was last shown by
            this process is sent all the same, since another one may have shown something else in between.
    """

    overall: int = 30
    overall_span: float = 1.0
    chat_gap: float = 1.0
    group: int = 20
    group_span: float = 60.0
    group_progress: int = 18
    uploads: int = 3
    hold: float = 1.0
    patience: float = 60.0
    flood_window: float = 2.0
    pause_all: float = 30.0
    tries: int = 10
    give_up: float = 600.0
    repeats: int = 2
    remembered: int = 10_000
    alone: bool = True

    def shared(self, processes: int) -> Self:
        """The part of one of several processes of the same bot: equal ones, since nobody knows who will need more.

        Each keeps as much of a group's part from progress as one alone does, where there is that much.

        Args:
            processes: How many there are, at least 1.
        """
        if processes <= 1:
            return self
        group = max(LEAST_GROUP, self.group // processes)
        return replace(
            self,
            overall=max(LEAST_OVERALL, self.overall // processes),
            group=group,
            group_progress=max(LEAST_GROUP_PROGRESS, group - (self.group - self.group_progress)),
            alone=False,
        )
