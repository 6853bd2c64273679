"""The bot with something else in the outbox's place, for comparison: ``python -m benchmarks.launch aio|retry``.

``aio`` is python-telegram-bot's own ``AIORateLimiter``; ``retry`` knows no limits and waits only when it is told to.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from telegram.error import RetryAfter
from telegram.ext import AIORateLimiter

from bot import app
from bot.app import run_bot
from bot.logs import configure_logging, install_hooks
from bot.outbox import Outbox, Result
from bot.settings_loading import load_settings

TRIES = 10
"""How often a call is made in all; the outbox's own number."""

Callback = Callable[..., Coroutine[Any, Any, Result]]


class WithRetries(Outbox):
    """Makes every call at once, and again when Telegram asked to wait and the wait is over."""

    async def process_request(
        self,
        callback: Callback,
        args: Any,  # noqa: ANN401 - the library's signature
        kwargs: dict[str, Any],
        endpoint: str,  # noqa: ARG002
        data: dict[str, Any],  # noqa: ARG002
        rate_limit_args: None,  # noqa: ARG002
    ) -> Result:
        """Make a call.

        Raises:
            RetryAfter: Telegram put it off too often.
        """
        for _ in range(TRIES - 1):
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as error:
                wait = error.retry_after
                await asyncio.sleep(wait if isinstance(wait, int) else wait.total_seconds())
        return await callback(*args, **kwargs)


class WithTheLibrarys(Outbox):
    """The library's own limiter."""

    def __init__(self, **_options: Any) -> None:  # noqa: ANN401 - the outbox's, which mean nothing here
        super().__init__()
        self._inner = AIORateLimiter(max_retries=TRIES - 1)

    async def process_request(
        self,
        callback: Callback,
        args: Any,  # noqa: ANN401 - the library's signature
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: None,
    ) -> Result:
        """Make a call; see the library."""
        return await self._inner.process_request(callback, args, kwargs, endpoint, data, rate_limit_args)


LIMITERS: dict[str, type[Outbox]] = {"retry": WithRetries, "aio": WithTheLibrarys}


def main() -> int:
    """Run the bot."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format, settings.secrets)
    install_hooks()
    # The process has one way to make its bot, and no setting for what must never be another.
    setattr(app, Outbox.__name__, LIMITERS[sys.argv[1]])
    return run_bot(settings)


if __name__ == "__main__":
    sys.exit(main())
