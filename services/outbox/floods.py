"""When Telegram says "too many requests": whether it means one chat or the whole bot."""

from math import inf

from services.outbox.calls import ChatKey
from services.outbox.limits import Limits


class Floods:
    """The floods of the last moments.

    A flood of one chat is that chat's own. Two different chats within `Limits.flood_window` seconds, with no call
    that was started in between and succeeded, speak for a flood of the whole bot, and so does one on a call that
    names no chat. Everything then rests as long as Telegram asked, but at most `Limits.pause_all` seconds: two chats
    with a long ban each must not silence all others for as long.

    Args:
        limits: The windows.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._recent: dict[ChatKey, tuple[float, float]] = {}
        self.all_until = -inf
        self.pauses = 0

    def note(self, chat: ChatKey | None, until: float, now: float) -> None:
        """Note a flood that asks to wait until a moment."""
        if chat is not None:
            oldest = now - self._limits.flood_window
            self._recent = {key: seen for key, seen in self._recent.items() if seen[0] >= oldest}
            self._recent[chat] = (now, until)
            if len(self._recent) < 2:
                return
            until = min(asked for _, asked in self._recent.values())
        self.pauses += 1
        self.all_until = max(self.all_until, min(until, now + self._limits.pause_all))

    def succeeded(self, started: float) -> None:
        """Note that a call went through: floods seen before it was started were those of single chats."""
        if self._recent:
            self._recent = {key: seen for key, seen in self._recent.items() if seen[0] >= started}
