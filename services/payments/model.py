"""The ledger as values: what a request costs, what becomes of each payment, who owes whom how many videos. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.generations.model import Price

_PAYLOAD = re.compile(r"(?a:pho2video:(?P<tag>[0-9a-zA-Z]{1,32}):(?P<request>[0-9a-zA-Z_-]{1,40}))")


class PaymentState(StrEnum):
    """What became of a payment."""

    PAID = "paid"
    """Its request is waiting or being made."""
    USED = "used"
    """Its request brought all of its videos."""
    CREDITED = "credited"
    """Some or all of the videos that it bought became credit."""
    REFUNDING = "refunding"
    """It shall go back to whoever paid; Telegram has not confirmed that it did."""
    REFUNDED = "refunded"


GIVEN_BACK = frozenset({PaymentState.REFUNDING, PaymentState.REFUNDED})


class Verdict(StrEnum):
    """What the bot answers somebody who is about to pay."""

    AGREED = "agreed"
    NOT_YOURS = "not-yours"
    GONE = "gone"
    """The request is not kept any more, or never was this bot's."""
    ENDED = "ended"
    PAID = "paid"
    """The request was paid for already."""
    TWICE = "twice"
    """Another payment of it was agreed to a moment ago and may still come."""
    WRONG_AMOUNT = "wrong-amount"
    DAY_IS_FULL = "day-is-full"
    """The person's videos of the day would be exceeded."""
    LATE = "late"
    """The database did not answer in time."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """What is asked for one request, in one invoice."""

    generation_id: str
    user_id: int
    language: str
    videos: int
    stars: int
    message_id: int | None
    """The invoice sent before, or None."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment as Telegram tells it."""

    charge_id: str
    user_id: int
    stars: int
    payload: str
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came back to the requester of a request that has ended."""

    stars: int = 0
    """Stars that are on their way back, or there."""
    free: int = 0
    credit: int = 0


@dataclass(frozen=True, slots=True)
class Division:
    """Where the videos that a request owed went; they add up to what it owed."""

    made: int
    free: int
    credit: int
    refunded: int
    """Videos whose Stars go back; all of those that were paid for in Stars, or none."""
    credit_of_payment: int
    """How many of ``credit`` were paid for in Stars."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a person has: videos that they need not pay for."""

    free: int
    credit: int


def split(count: int, account: Account, stars_per_video: int) -> Price:
    """How a request is paid: by free videos first, then by credit, and the rest in Stars."""
    free = min(count, max(0, account.free))
    credit = min(count - free, max(0, account.credit))
    videos = count - free - credit
    return Price(free, credit, videos, videos * stars_per_video)


def divide(free: int, credit: int, paid: int, made: int, *, was_stopped: bool) -> Division:
    """Where the videos that a request owed go when it ends.

    Args:
        free: Videos paid for by free ones.
        credit: Videos paid for by credit.
        paid: Videos paid for in Stars that were not given back already.
        made: Videos that its requester got.
        was_stopped: Whether it was cancelled after the service may have begun.
    """
    owed = free + credit + paid
    if was_stopped:
        return Division(0, 0, owed, 0, paid)
    if made == 0:
        return Division(0, free, credit, paid, 0)
    missing = max(0, owed - made)
    return Division(owed - missing, 0, missing, 0, min(missing, paid))


def payload_of(tag: str, generation_id: str) -> str:
    """The payload of an invoice: whose it is, and which request it pays for."""
    return f"pho2video:{tag}:{generation_id}"


def request_of(tag: str, payload: str) -> str | None:
    """The request that a payload of this bot's pays for; None for anybody else's."""
    match = _PAYLOAD.fullmatch(payload)
    return match["request"] if match is not None and match["tag"] == tag else None
