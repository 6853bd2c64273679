"""Sample arguments of the texts that stand alone: one line for each text makes it a screen."""

from collections.abc import Mapping
from typing import TypeAlias

SampleText: TypeAlias = Mapping[str, str | int]
_ID: tuple[SampleText, ...] = ({"id": "123456789"},)
_BOT: tuple[SampleText, ...] = ({"bot": "pho2video_bot"},)
_PLAIN: tuple[SampleText, ...] = ()


def _each(name: str, *values: str | int) -> tuple[SampleText, ...]:
    return tuple({name: value} for value in values)


ANSWERS: Mapping[str, tuple[SampleText, ...]] = {
    "start-private": _BOT,
    "start-group": _BOT,
    "help-private": _BOT,
    "help-group": _BOT,
    "help-share": _BOT,
    "help-admin": _PLAIN,
    "unknown-command": _PLAIN,
    "privacy": ({"requests": 90, "drafts": 2, "photos": 1},),
    "inline-open": _PLAIN,
    "inline-number": _each("number", 2),
    "cancel-draft": _PLAIN,
    "cancel-running": _PLAIN,
    "cancel-nothing": _PLAIN,
    "history-gone": _PLAIN,
    "forget-kept": _PLAIN,
    "forget-done": _PLAIN,
    "forget-busy": _PLAIN,
    "claimed": _PLAIN,
    "access-refused": _ID,
    "access-anonymous": _PLAIN,
    "allow-usage": _PLAIN,
    "deny-usage": _PLAIN,
    "deny-self": _PLAIN,
    "deny-owner": _PLAIN,
    "allowed-user": _ID,
    "allowed-chat": _ID,
    "denied-user": _ID,
    "denied-chat": _ID,
    "draft-card-started": _PLAIN,
    "draft-extra-photos": _PLAIN,
    "draft-tall-photos": _PLAIN,
    "draft-made-wide": _PLAIN,
    "draft-too-late": _PLAIN,
    "draft-too-many-waiting": _each("limit", 1, 3),
    "draft-daily-limit": tuple({"limit": 10, "left": left} for left in (0, 1, 4)),
    "video-usage": _PLAIN,
    "video-count-wrong": _each("limit", 4),
    "video-how-to-ask": _each("limit", 3),
    "unusable": _each(
        "kind",
        *("animation", "audio", "document", "location", "contact", "poll", "sticker", "story", "video", "voice"),
        "other",
    ),
    "photo-too-large": _PLAIN,
    "photo-too-many-pixels": _PLAIN,
    "photo-broken": _PLAIN,
    "photo-not-an-image": _PLAIN,
    "photo-gone": _PLAIN,
    "error-sorry": _PLAIN,
}
"""What the bot says in a message of its own."""

NOTICES: Mapping[str, tuple[SampleText, ...]] = {
    "access-refused-notice": _ID,
    "menu-not-yours": _PLAIN,
    "menu-stale": _PLAIN,
    "draft-not-yours": _PLAIN,
    "draft-submitted": _PLAIN,
    "draft-cancelled": _PLAIN,
    "draft-unknown": _PLAIN,
    "draft-incomplete": _PLAIN,
    "draft-too-long": _PLAIN,
    "draft-again-started": _PLAIN,
    "draft-again-running": _PLAIN,
    "draft-again-gone": _PLAIN,
    "draft-cancelling": _PLAIN,
    "draft-already-finished": _PLAIN,
}
"""What appears for a moment when a button is pressed."""

PAYMENTS: Mapping[str, tuple[SampleText, ...]] = {
    "help-payments": _each("stars", 1, 25),
    "help-refund": _PLAIN,
    "invoice-title": _each("count", 1, 2),
    "invoice-description": _each("count", 1, 2),
    "invoice-not-yours": _PLAIN,
    "invoice-not-due": _PLAIN,
    "invoice-not-sent": _PLAIN,
    "pay-refused-not-yours": _PLAIN,
    "pay-refused-gone": _PLAIN,
    "pay-refused-ended": _PLAIN,
    "pay-refused-paid": _PLAIN,
    "pay-refused-twice": _PLAIN,
    "pay-refused-wrong-amount": _PLAIN,
    "pay-refused-day-is-full": _PLAIN,
    "pay-refused-late": _PLAIN,
    "paysupport": _PLAIN,
    "refund-usage": _PLAIN,
    "refund-unknown": _PLAIN,
    "refund-wanted": _each("stars", 1, 25),
    "forget-done-payments": _PLAIN,
}
"""What is said of payments in Stars."""

ALARMS: Mapping[str, tuple[SampleText, ...]] = {
    "alarm-credits": _PLAIN,
    "alarm-key": _PLAIN,
    "alarm-guard": _PLAIN,
    "alarm-lost": _PLAIN,
    "alarm-refund-balance": _PLAIN,
    "alarm-refund": _PLAIN,
    "alarm-books": _PLAIN,
}
"""What the admins are told."""

PROFILE: Mapping[str, tuple[SampleText, ...]] = {
    "bot-short-description": _PLAIN,
    "bot-description": _PLAIN,
    **{
        f"command-{name}": _PLAIN
        for name in (
            *("start", "help", "video", "cancel", "history", "settings", "privacy", "forget"),
            *("stats", "allow", "deny", "refund"),
            *("balance", "terms", "paysupport"),
        )
    },
}
"""What Telegram shows of the bot before anybody writes to it."""
