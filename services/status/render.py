"""What the status message says: ``render``, pure, from the generation, its surroundings, the language and the time.

``StatusScreens`` asks for the surroundings, and has the money of what was sold settled before its end is shown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from html import escape
from statistics import median

from sqlalchemy import bindparam

from services.clock import Clock
from services.failures import Charged, Failure, FailureKind, Offer
from services.generations.model import (
    FILE_LATE,
    FINAL,
    UNPAID_IN_TIME,
    WAITING,
    WERE_LINKED,
    WERE_SENT,
    Generation,
    State,
    Video,
    VideoState,
)
from services.history import share_query
from services.payments.model import Settlement
from services.payments.sales import pay_link
from services.screens import Button, ButtonStyle, Screen
from services.statistics import TIMES, recent_seconds
from services.store.database import Database
from services.store.schema import GenerationRow
from services.texts import Html, Phrases, Texts, isolate, prompt_line

DEFAULT_ESTIMATE_SECONDS = 90.0
"""Used until there are earlier generations to learn from."""

SAMPLE = 25
"""Earlier generations that are looked at."""

KEPT_ESTIMATES = 10_000
"""Beyond so many they are made anew."""

_ALIKE = TIMES.where(GenerationRow.count == bindparam("count"), GenerationRow.finished_at <= bindparam("before"))
"""Of as many videos, and ended before."""

BAR_CELLS = 10

NOTHING_BACK = Settlement()

_FLOORS = {
    State.SUBMITTING: 0.02,
    State.STARTING: 0.05,
    State.UPLOADING: 0.1,
    State.PROCESSING: 0.15,
    State.RECONCILING: 0.5,
    State.DELIVERING: 0.95,
    State.DONE: 1.0,
    State.FAILED: 1.0,
    State.CANCELLED: 1.0,
}
"""How far the bar is at least in each state after the queue; time moves it on from there, up to ``_NEVER_BEYOND``."""

_AT_ESTIMATE = 0.85
_NEVER_BEYOND = 0.95


class Links(StrEnum):
    """Where a video's own address is given: it is for its requester alone, and a group reads along."""

    HERE = "here"
    """In the status message."""
    PRIVATE = "private"
    """In a message to the requester."""
    HISTORY = "history"
    """The requester has no chat with the bot yet, and can ask for it there."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the row alone does not know."""

    now: datetime
    estimate: float
    """Seconds that earlier ones of the same count took; more than 0."""
    position: int | None = None
    """Its place in the queue, from 1."""
    videos: Sequence[Video] = ()
    links: Links = Links.HERE
    """Where the addresses of videos that Telegram did not take are given."""
    can_share: bool = False
    """Whether people can send their videos to other chats by inline queries."""
    settlement: Settlement = NOTHING_BACK
    """What came back to its requester, where it was sold and has ended."""
    pay_link: str = ""
    """The address that leads to its invoice, while it waits for its payment."""


def share(state: State, elapsed: float, estimate: float) -> float:
    """How much is done, 0 to 1: it never shrinks on the way, and is 1 only at the end.

    ``elapsed`` is in seconds since its turn came, ``estimate`` the seconds, more than 0, that earlier ones took.
    """
    if state in WAITING:
        return 0.0
    ratio = max(0.0, elapsed) / estimate
    by_time = _AT_ESTIMATE * ratio if ratio <= 1.0 else _NEVER_BEYOND - (_NEVER_BEYOND - _AT_ESTIMATE) / ratio
    return max(_FLOORS[state], by_time)


def bar(part: float) -> str:
    """A bar of ten cells; ``part`` is 0 to 1."""
    full = min(BAR_CELLS, int(part * BAR_CELLS + 1e-9))
    return "▰" * full + "▱" * (BAR_CELLS - full)


def _duration(seconds: float) -> str:
    """Minutes and seconds as ``m:ss``."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def render(generation: Generation, around: Surroundings, phrases: Phrases) -> Screen:
    """The status message of a generation, in its requester's language."""
    if generation.state in FINAL:
        return _final(generation, around, phrases)
    prompt = f"<blockquote>{escape(prompt_line(generation.prompt), quote=False)}</blockquote>"
    lines = [_headline(generation, around, phrases), prompt]
    if generation.state not in WAITING:
        lines.insert(1, _progress(generation, around, phrases))
    rows: tuple[tuple[Button, ...], ...] = ()
    if generation.state is State.UNPAID and generation.is_in_group:
        label = phrases.plain("status-button-pay", stars=generation.stars)
        rows = ((Button(label, style=ButtonStyle.SUCCESS, url=around.pay_link),),)
    if generation.state is not State.DELIVERING and generation.cancel_requested_at is None:
        rows = (*rows, (_button("cancel", generation, phrases, ButtonStyle.DANGER),))
    return Screen("\n".join(lines), rows)


def _button(action: str, generation: Generation, phrases: Phrases, style: ButtonStyle = ButtonStyle.PLAIN) -> Button:
    return Button(phrases.plain(f"status-button-{action}"), f"g:{generation.id}:{action}", style)


def _headline(generation: Generation, around: Surroundings, phrases: Phrases) -> str:
    if generation.cancel_requested_at is not None and generation.state is not State.DELIVERING:
        return phrases.html("status-cancelling")
    if generation.state is State.UNPAID:
        return phrases.html(f"status-unpaid-{'group' if generation.is_in_group else 'private'}", stars=generation.stars)
    if generation.state is State.SUBMITTING and generation.attempts and generation.armed_at is None:
        return phrases.html("status-retrying", attempt=generation.attempts + 1)
    if generation.state is State.DELIVERING and generation.note == FILE_LATE:
        return phrases.html("status-file-late", count=generation.options.count)
    if generation.note:
        return phrases.html("status-note", note=generation.note)
    return phrases.html(
        f"status-{generation.state.value}", count=generation.options.count, position=around.position or 1
    )


def _progress(generation: Generation, around: Surroundings, phrases: Phrases) -> str:
    elapsed = (around.now - (generation.started_at or generation.queued_at)).total_seconds()
    drawn = bar(share(generation.state, elapsed, around.estimate))
    left = around.estimate - elapsed
    if generation.state in {State.RECONCILING, State.DELIVERING} or left < 5:
        return phrases.html("status-progress", bar=drawn, elapsed=_duration(elapsed))
    return phrases.html("status-progress-estimate", bar=drawn, elapsed=_duration(elapsed), left=_duration(left))


def _final(generation: Generation, around: Surroundings, phrases: Phrases) -> Screen:
    again, edit = (_button(action, generation, phrases) for action in ("again", "edit"))
    rows: tuple[tuple[Button, ...], ...] = ((again, edit),)
    if generation.state is State.DONE:
        lines = _done_lines(generation, around, phrases)
        if around.can_share and any(video.file_id for video in around.videos):
            rows += ((Button(phrases.plain("status-button-share"), query=share_query(generation.id)),),)
    elif generation.state is State.CANCELLED:
        lines = [phrases.html(_cancelled_key(generation, around))]
    else:
        failure = generation.failure or Failure(FailureKind.INTERNAL)
        lines = [_failure_line(failure, generation.attempts, phrases)]
        rows = {Offer.AGAIN: ((again,),), Offer.EDIT: ((edit,),), Offer.NOTHING: ()}[failure.kind.traits.offers]
    return Screen("\n".join(lines + _money_lines(around.settlement, phrases)), rows)


def _failure_line(failure: Failure, attempts: int, phrases: Phrases) -> str:
    key = f"failure-{failure.kind.value}"
    if failure.reason and failure.kind.traits.quotes_service:
        key += "-reason"
    # The service's own words, inside a text of ours.
    return phrases.html(key, reason=Html(escape(isolate(failure.reason), quote=False)), attempts=attempts)


def _cancelled_key(generation: Generation, around: Surroundings) -> str:
    if generation.note == UNPAID_IN_TIME:
        return "status-unpaid-in-time"
    has_begun = generation.charged is not Charged.NO
    if around.settlement != NOTHING_BACK:
        return "status-cancelled-sold-begun" if has_begun else "status-cancelled-sold"
    return "status-cancelled-charged" if has_begun else "status-cancelled"


def _money_lines(back: Settlement, phrases: Phrases) -> list[str]:
    """What came back to the requester, a line for each kind; none where nobody paid, or everything was made."""
    lines: list[str] = []
    if back.stars:
        lines.append(phrases.html("status-back-stars", stars=back.stars))
    if back.free:
        lines.append(phrases.html("status-back-free", count=back.free))
    if back.credit:
        lines.append(phrases.html("status-back-credit", count=back.credit))
    return lines


def _done_lines(generation: Generation, around: Surroundings, phrases: Phrases) -> list[str]:
    sent = sum(video.state in WERE_SENT for video in around.videos)
    elsewhere = sum(video.state is VideoState.SENT_IN_PRIVATE for video in around.videos)
    linked = [video for video in around.videos if video.state in WERE_LINKED]
    failed = sum(video.state is VideoState.FAILED for video in around.videos)
    ended = generation.finished_at or around.now
    took = _duration((ended - (generation.started_at or generation.queued_at)).total_seconds())
    lines: list[str] = [phrases.html("status-done", count=sent + len(linked), took=took)]
    if failed:
        lines.append(phrases.html("status-done-failed", count=failed))
    if elsewhere:
        lines.append(phrases.html("status-done-in-private", count=elsewhere))
    return lines + _link_lines(linked, around.links, phrases)


def _link_lines(linked: Sequence[Video], links: Links, phrases: Phrases) -> list[str]:
    """Why some videos are links, and where these are given."""
    lines: list[str] = []
    for state, key in ((VideoState.LINKED, "status-done-linked"), (VideoState.UNFETCHED, "status-done-unfetched")):
        videos = [video for video in linked if video.state is state]
        if videos and links is not Links.HERE:
            lines.append(phrases.html(f"{key}-{links.value}", count=len(videos)))
        elif videos:
            lines.append(phrases.html(key, count=len(videos)))
            for video in videos:
                label = phrases.html("status-link", number=video.position + 1)
                lines.append(f'<a href="{escape(video.url)}">{label}</a>')
    return lines


def render_links(videos: Sequence[Video], phrases: Phrases) -> Screen | None:
    """The message that gives a requester their links in private; None when there are none."""
    lines = _link_lines([video for video in videos if video.state in WERE_LINKED], Links.HERE, phrases)
    return Screen("\n".join(lines)) if lines else None


@dataclass(slots=True)
class StatusScreens:
    """Renders generations, with what their rows do not know."""

    database: Database
    texts: Texts
    clock: Clock
    can_share: bool = False
    """Whether people can send their videos to other chats by inline queries."""
    settle: Callable[[str], Awaitable[Settlement | None]] | None = None
    """Settles a generation that was sold and has ended; what came back."""
    bot_name: str = ""
    """The bot's own, for addresses that lead to it."""
    _estimates: dict[tuple[int, datetime], float] = field(default_factory=dict, init=False)
    """By count of videos and start."""
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def of(
        self,
        generation: Generation,
        position: int | None = None,
        links: Links = Links.HERE,
        videos: Sequence[Video] = (),
    ) -> Screen:
        """The status message as it is now; of one that was sold and has ended, what comes back is settled by this."""
        estimate = await self._estimate(generation.options.count, generation.started_at)
        settlement = NOTHING_BACK
        if generation.is_sold and generation.state in FINAL and self.settle is not None:
            # What is said of the money is committed before it is said.
            settlement = await self.settle(generation.id) or settlement
        link = pay_link(self.bot_name, generation.id)
        around = Surroundings(self.clock.now(), estimate, position, videos, links, self.can_share, settlement, link)
        return render(generation, around, self.texts.into(generation.language))

    async def _estimate(self, count: int, started_at: datetime | None) -> float:
        """Seconds that so many videos take: the median of those that had ended at their start, so that no bar jumps."""
        if started_at is None:
            return DEFAULT_ESTIMATE_SECONDS
        key = count, started_at
        if key in self._estimates:
            return self._estimates[key]
        async with self._asking:
            # All that one claim has begun ask at the same moment, and the first asks for them all.
            if key not in self._estimates:
                alike = {"limit": SAMPLE, "count": count, "before": started_at}
                took = await self.database.read(recent_seconds, _ALIKE, alike)
                if len(self._estimates) >= KEPT_ESTIMATES:
                    self._estimates.clear()
                self._estimates[key] = max(5.0, median(took)) if took else DEFAULT_ESTIMATE_SECONDS
            return self._estimates[key]

    def of_links(self, generation: Generation, videos: Sequence[Video]) -> Screen | None:
        """The message with the addresses of videos that Telegram did not take; None when there are none."""
        return render_links(videos, self.texts.into(generation.language))
