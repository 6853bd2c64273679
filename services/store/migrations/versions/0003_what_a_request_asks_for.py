"""what a request asks for, what was there before it, and how it is acknowledged."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was asked for before is wide; its results are told by time, for what was there before is not known."""
    op.add_column("people", sa.Column("usual_shape", sa.String(), server_default="wide", nullable=False))
    op.add_column("drafts", sa.Column("shape", sa.String(), server_default="wide", nullable=False))
    op.add_column("drafts", sa.Column("shape_chosen", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("drafts", sa.Column("ideas", sa.Text(), server_default="", nullable=False))
    op.add_column("drafts", sa.Column("shows_ideas", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("generations", sa.Column("shape", sa.String(), server_default="wide", nullable=False))
    op.add_column("generations", sa.Column("ideas", sa.Text(), server_default="", nullable=False))
    op.add_column("generations", sa.Column("receipt", sa.String(), server_default="", nullable=False))
    op.add_column("generations", sa.Column("history_before", sa.Text(), nullable=True))
