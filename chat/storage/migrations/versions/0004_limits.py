"""What was sent within the last minute, and from which address the answers come that are being written."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table and the column; nothing is known of what is under way."""
    op.create_table(
        "sends",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("address", sa.String(32), index=True),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
    )
    op.add_column("replies", sa.Column("address", sa.String(32)))
