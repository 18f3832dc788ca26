"""A conversation remembers that nobody has read its latest answer yet."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the mark; all that was there before counts as read."""
    op.add_column("conversations", sa.Column("unread", sa.Boolean, nullable=False, server_default=sa.false()))
