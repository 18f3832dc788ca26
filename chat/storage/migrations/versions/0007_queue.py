"""Messages that wait for the end of a reply."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table of queued messages."""
    conversation = sa.ForeignKey("conversations.id", ondelete="CASCADE")
    op.create_table(
        "queued",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.Integer, conversation, nullable=False),
        sa.Column("reply_id", sa.Integer, sa.ForeignKey("messages.id", ondelete="CASCADE"), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("turn_key", sa.String(64)),
        sa.Column("address", sa.String(32)),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    for column in ("conversation_id", "reply_id"):
        op.create_index(f"ix_queued_{column}", "queued", [column])
