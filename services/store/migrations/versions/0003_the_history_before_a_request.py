"""the history before a request."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Of requests under way, what was there before is not known: their results are told by time."""
    op.add_column("generations", sa.Column("history_before", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("generations", "history_before")
