"""A conversation remembers that nobody has read its latest answer yet; a reply, how often it was continued."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; all that was there before counts as read."""
    op.add_column("conversations", sa.Column("unread", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("replies", sa.Column("continued", sa.Integer, nullable=False, server_default="0"))
