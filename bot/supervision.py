"""The work of a process that never ends by itself: what fails is logged and begun again, so that the rest goes on."""

import asyncio
from collections.abc import Awaitable, Callable

from structlog import get_logger

PAUSE_SECONDS = 2.0

Work = Callable[[], Awaitable[object]]
"""Runs until it is cancelled, or returns when it has nothing (more) to do."""

log = get_logger(__name__)


class TokenRevokedError(Exception):
    """Telegram refuses the token that it took before.

    Only fetching updates can tell: the library makes the same error of any method that a server does not know.
    """


async def keep_running(work: Work, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Run some work, again whenever it fails.

    Args:
        work: What to run.
        sleep: Waits some seconds.

    Raises:
        TokenRevokedError: Nothing works any more; the process must end.
    """
    while True:
        try:
            await work()
        except TokenRevokedError:
            raise
        except Exception:
            log.exception("work_failed", work=getattr(work, "__qualname__", type(work).__name__))
            await sleep(PAUSE_SECONDS)
        else:
            return
