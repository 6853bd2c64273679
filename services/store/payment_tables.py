"""The tables of what is sold for Telegram Stars; they stay empty without a price."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.store.base import Base


class TillRow(Base):
    """What a bot that sells knows of itself; ``tag`` makes the payloads of its invoices recognisable.

    ``next_offset`` is the first transaction of Telegram's list that was not compared yet.
    """

    __tablename__ = "tills"

    bot_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tag: Mapped[str]
    next_offset: Mapped[int] = mapped_column(default=0)


class PurchaseRow(Base):
    """How a request that costs is paid: by free videos, by credit, and the rest of its videos in Stars.

    ``agreed_at`` and ``agreed_query`` are the last payment that was agreed to, which may have been given up since.
    ``settled_at`` is set with the end of the request, when everything that was paid became a video or came back.
    """

    __tablename__ = "purchases"

    generation_id: Mapped[str] = mapped_column(ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    free: Mapped[int]
    credit: Mapped[int]
    videos: Mapped[int]
    stars: Mapped[int]
    due_at: Mapped[datetime]
    invoiced_at: Mapped[datetime | None]
    invoice_message_id: Mapped[int | None] = mapped_column(BigInteger)
    agreed_at: Mapped[datetime | None]
    agreed_query: Mapped[str | None]
    settled_at: Mapped[datetime | None]


class PaymentRow(Base):
    """A payment in Stars, by the charge id that Telegram gave it; it outlives its request, and ``/forget``.

    ``state``: paid, used, credited, refunding, refunded. ``videos`` is how many it bought, none where it came for a
    request that was paid for already or has ended; ``credit`` is how many of them became credit.
    """

    __tablename__ = "payments"
    __table_args__ = (
        Index("payments_by_person", "user_id", "paid_at"),
        Index("payments_by_generation", "generation_id"),
        Index("payments_by_state", "state", "retry_at"),
    )

    charge_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    generation_id: Mapped[str]
    stars: Mapped[int]
    videos: Mapped[int]
    credit: Mapped[int] = mapped_column(default=0)
    state: Mapped[str]
    paid_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None]


class MovementRow(Base):
    """One movement of Stars or of videos that are owed; balances are sums over these rows, which never change.

    The key names what moved (``paid:<charge id>``), so that nothing moves twice. ``stars`` are those of the bot;
    ``free``, ``credit``, ``owed`` (by a request) and ``made`` are videos, and together they grow by ``bought``.
    """

    __tablename__ = "movements"
    __table_args__ = (Index("movements_by_person", "user_id"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    generation_id: Mapped[str | None]
    stars: Mapped[int] = mapped_column(default=0)
    free: Mapped[int] = mapped_column(default=0)
    credit: Mapped[int] = mapped_column(default=0)
    owed: Mapped[int] = mapped_column(default=0)
    made: Mapped[int] = mapped_column(default=0)
    bought: Mapped[int] = mapped_column(default=0)
    moved_at: Mapped[datetime]
