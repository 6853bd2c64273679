"""Telegram's flood limits: messages a second in a chat, a minute in a group, a second in all."""

from collections import defaultdict, deque
from collections.abc import Callable

from sandbox.botapi.model import Chat
from sandbox.botapi.options import FloodLimits

_MINUTE = 60.0


class _Bucket:
    """Lets ``size`` through at once and ``rate`` a second in the long run."""

    def __init__(self, size: float, rate: float, now: float) -> None:
        self.size, self.rate = size, rate
        self.level, self.at = size, now

    def wait(self, now: float) -> float:
        """Seconds until one more may pass."""
        self.level = min(self.size, self.level + (now - self.at) * self.rate)
        self.at = now
        return max(0.0, (1.0 - self.level) / self.rate)

    def take(self) -> None:
        self.level -= 1.0


class FloodControl:
    """Counts messages and edits and says when one is too many.

    A call that is refused does not count, and an album counts once.

    Args:
        limits: The limits.
        monotonic: Clock, seconds.
        enabled: Whether they are enforced; may be changed at any time.
    """

    def __init__(self, limits: FloodLimits, monotonic: Callable[[], float], *, enabled: bool) -> None:
        self.enabled = enabled
        self.limits = limits
        self._monotonic = monotonic
        self._overall = _Bucket(limits.overall, limits.overall, monotonic())
        self._chats: dict[int, _Bucket] = {}
        self._groups: defaultdict[int, deque[float]] = defaultdict(deque)

    def admit(self, chat: Chat) -> float:
        """Count one message to ``chat``.

        Returns:
            0 when it may pass, otherwise the seconds to wait.
        """
        if not self.enabled:
            return 0.0
        now = self._monotonic()
        fresh = _Bucket(self.limits.chat_burst, self.limits.per_chat, now)
        own = self._chats.setdefault(chat.chat_id, fresh)
        recent = self._groups[chat.chat_id] if chat.is_group else deque()
        while recent and recent[0] <= now - _MINUTE:
            recent.popleft()
        full = recent[0] + _MINUTE - now if len(recent) >= self.limits.per_group else 0.0
        wait = max(own.wait(now), self._overall.wait(now), full)
        # Clocks are floats: what is short by less than a millionth of a second has waited long enough.
        if wait > 1e-6:
            return wait
        own.take()
        self._overall.take()
        recent.append(now)
        return 0.0
