"""payments in Stars."""

import sqlalchemy as sa
from alembic import op

from services.store.base import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was asked for before costs nothing."""
    op.add_column("generations", sa.Column("stars", sa.Integer(), server_default="0", nullable=False))
    op.add_column("generations", sa.Column("prepaid", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "tills",
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("next_offset", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bot_id"),
    )
    _create_purchases()
    _create_payments()
    _create_movements()


def _create_purchases() -> None:
    op.create_table(
        "purchases",
        sa.Column("generation_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("free", "credit", "videos", "stars")),
        sa.Column("due_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("invoiced_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("invoice_message_id", sa.BigInteger(), nullable=True),
        sa.Column("agreed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("agreed_query", sa.String(), nullable=True),
        sa.Column("settled_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["generation_id"], ["generations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("generation_id"),
    )


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("charge_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("generation_id", sa.String(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("stars", "videos", "credit")),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("paid_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("charge_id"),
    )
    op.create_index("payments_by_person", "payments", ["user_id", "paid_at"])
    op.create_index("payments_by_generation", "payments", ["generation_id"])
    op.create_index("payments_by_state", "payments", ["state", "retry_at"])


def _create_movements() -> None:
    op.create_table(
        "movements",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("generation_id", sa.String(), nullable=True),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("stars", "free", "credit", "owed", "made", "bought")
        ),
        sa.Column("moved_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("movements_by_person", "movements", ["user_id"])
