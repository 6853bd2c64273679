"""How a sandbox GenAIPro server behaves as a whole; what differs for one request is a script."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self

from sandbox.genaipro.render import Film


class HistoryShape(StrEnum):
    """How the videos of one request stand in the history."""

    REQUEST = "request"
    """One object for the request, all its videos in ``file_urls``."""
    VIDEO = "video"
    """One object for each video."""


class RateHeader(StrEnum):
    """How a 429 says when to come back."""

    RETRY_AFTER = "retry-after"
    RESET_EPOCH = "reset-epoch"
    """``X-RateLimit-Reset`` in seconds since 1970."""
    RESET_SECONDS = "reset-seconds"
    """``X-RateLimit-Reset`` in seconds left."""
    NONE = "none"


class Guard(StrEnum):
    """A guard of the network that answers in the service's place."""

    CODE = "code"
    """403 and the bare text ``error code: 1010``."""
    CHALLENGE = "challenge"
    """403 and a challenge page, with ``cf-mitigated: challenge``."""
    BUSY = "busy"
    """503 and a challenge page, with ``cf-mitigated: challenge``."""


_USUAL_FILM = Film()


def utc_now() -> datetime:
    """The current time, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class GenAIProOptions:
    """Options of the server.

    Attributes:
        key: The Bearer token that it accepts.
        host: Where it listens; a loopback address.
        port: 0 takes a free one.
        data: Where uploads and videos are kept; None makes a temporary directory, removed at the end.
        film: Size, length and frame rate of wide videos; tall ones have width and height exchanged.
        workers: Videos rendered at the same time, at least 1.
        pad_to: Bytes that each video file is brought to with a trailing ``free`` box, or None.
        files_status: 401 or 403: a file is given only with the key, otherwise this status; None gives it to anyone.
        photo_limit: Bytes of one photo; a larger one is a 413.
        quota: Videos paid for.
        used: Videos of them used before the start.
        rate_limit: Requests to the API in each ``rate_window``, then 429; None has no limit.
        rate_window: Seconds.
        rate_header: How a 429 says when to come back.
        history_shape: One object for a request or for each video.
        history_own_ids: The history has ids of its own, not those of the stream.
        history_pending: Requests that are still being made are listed too, without videos.
        ping_interval: Seconds between comments while a video is rendered; None sends none.
        guard: A guard answers every request; ``GenAIProServer.guard`` changes it while the server runs.
        guard_agent: A guard turns away every request whose ``User-Agent`` does not begin with this, or None.
        clock_skew: Seconds by which the service's clock is ahead of ``now``, in ``created_at`` and in ``Date``.
        date_skew: Seconds by which ``Date`` alone is ahead of that, as a cache in front of the service may say it.
        pace: Least seconds between two events of the usual course. The real service takes a while for each of its
            steps; photos that come over loopback are uploaded in no time.
        now: The clock.
        sleep: Waits for seconds; given by tests that must not wait.
    """

    key: str = "sandbox-key"
    host: str = "127.0.0.1"
    port: int = 0
    data: Path | None = None
    film: Film = _USUAL_FILM
    workers: int = 2
    pad_to: int | None = None
    files_status: int | None = None
    photo_limit: int = 20 * 1024 * 1024
    quota: int = 100
    used: int = 0
    rate_limit: int | None = None
    rate_window: float = 60.0
    rate_header: RateHeader = RateHeader.RETRY_AFTER
    history_shape: HistoryShape = HistoryShape.REQUEST
    history_own_ids: bool = False
    history_pending: bool = False
    ping_interval: float | None = None
    guard: Guard | None = None
    guard_agent: str | None = None
    clock_skew: float = 0.0
    date_skew: float = 0.0
    pace: float = 0.0
    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def told_time(self) -> datetime:
        """The time by the service's own clock."""
        return self.now() + timedelta(seconds=self.clock_skew)

    def tiny(self) -> Self:
        """The same with videos that take milliseconds: 320×180, half a second of four frames."""
        return replace(self, film=Film(width=320, height=180, seconds=0.5, fps=8))
