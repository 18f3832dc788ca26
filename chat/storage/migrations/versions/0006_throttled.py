"""An index to what strangers make in the audit log, of which only the newest is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the index; what is too much goes with the next row."""
    theirs = sa.text("action = 'sign_in_throttled'")
    op.create_index("ix_audit_throttled", "audit", ["id"], sqlite_where=theirs, postgresql_where=theirs)
