"""the owner of a generation."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. A generation under way belongs to nobody then: the next worker takes it over."""
    op.add_column("generations", sa.Column("taken_by", sa.String(), nullable=True))
    op.drop_column("generations", "claimed_at")
    op.drop_column("generations", "armed_epoch")
    op.drop_column("generations", "first_armed_at")
    op.drop_column("videos", "remote_id")
