"""drafts are not held while a photo is checked: the inbox knows whose updates are not handled yet."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_column("drafts", "held_until")
