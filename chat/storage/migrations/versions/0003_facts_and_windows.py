"""What is known of a reply: its times and its reasoning; whether a conversation's models differ; siblings by index."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns and the index; of replies that were there before, nothing is known."""
    for name in ("first_word_ms", "duration_ms", "reasoning_ms"):
        op.add_column("replies", sa.Column(name, sa.Integer))
    op.add_column("replies", sa.Column("reasoning", sa.Text))
    op.add_column("conversations", sa.Column("mixed", sa.Boolean, nullable=False, server_default=sa.false()))
    op.get_bind().execute(sa.text(MIXED))
    op.create_index("ix_messages_siblings", "messages", ["conversation_id", "parent_id"])
    op.drop_index("ix_messages_conversation_id", "messages")


MIXED = """
UPDATE conversations SET mixed = (1 = 1) WHERE id IN (
    SELECT conversation_id FROM messages JOIN replies ON replies.id = messages.id
    GROUP BY conversation_id
    HAVING min(provider) <> max(provider) OR min(model) <> max(model)
)
"""
