"""Texts that stand alone, by what they are, and the arguments that show them; a new one is found by its key."""

import re
from collections.abc import Mapping
from typing import TypeAlias

SampleText: TypeAlias = Mapping[str, str | int]
_ID: SampleText = {"id": "123456789"}
_BOT: SampleText = {"bot": "pho2video_bot"}

KEYS = {
    # What the bot says in a message of its own.
    "Answer": re.compile(
        r"start-.*|help-(private|group|share|admin)|unknown-command|privacy|inline-.*|cancel-.*|history-gone|claimed"
        r"|forget-(kept|done|busy)|access-(refused|anonymous)|(allow|deny|allowed|denied)-.*|video-.*|photo-.*|unusable"
        r"|draft-(card-started|extra-photos|tall-photos|made-wide|too-late|too-many-waiting|daily-limit)|error-sorry"
    ),
    # What appears for a moment when a button is pressed.
    "Notice": re.compile(
        r"access-refused-notice|menu-.*"
        r"|draft-(not-yours|submitted|cancelled|unknown|incomplete|too-long|again-.*|cancelling|already-finished)"
    ),
    "Payment": re.compile(
        r"help-(payments|refund)|invoice-.*|pay-refused-.*|paysupport|refund-.*|forget-done-payments"
    ),
    # What the admins are told.
    "Alarm": re.compile(r"alarm-.*"),
    # What Telegram shows of the bot before anybody writes to it.
    "Profile": re.compile(r"bot-.*|command-.*"),
}
"""The sections, and the keys of each."""


def _each(name: str, *values: str | int) -> tuple[SampleText, ...]:
    return tuple({name: value} for value in values)


SAMPLES: Mapping[str, tuple[SampleText, ...]] = {
    **dict.fromkeys(("start-private", "start-group", "help-private", "help-group", "help-share"), (_BOT,)),
    **dict.fromkeys(("access-refused", "access-refused-notice"), (_ID,)),
    **dict.fromkeys(("allowed-user", "allowed-chat", "denied-user", "denied-chat"), (_ID,)),
    **dict.fromkeys(("invoice-title", "invoice-description"), _each("count", 1, 2)),
    **dict.fromkeys(("help-payments", "refund-wanted"), _each("stars", 1, 25)),
    "privacy": ({"requests": 90, "drafts": 2, "photos": 1},),
    "inline-number": _each("number", 2),
    "draft-too-many-waiting": _each("limit", 1, 3),
    "draft-daily-limit": tuple({"limit": 10, "left": left} for left in (0, 1, 4)),
    "video-count-wrong": _each("limit", 4),
    "video-how-to-ask": _each("limit", 3),
    "unusable": _each(
        "kind",
        *("animation", "audio", "document", "location", "contact", "poll", "sticker", "story", "video", "voice"),
        "other",
    ),
}
"""Arguments of those that take any: each of them makes a screen."""
