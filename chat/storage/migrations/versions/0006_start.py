"""The tables of the first release. The number is that of the last step before it, so its databases need no step."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    make_people()
    make_sessions()
    make_conversations()
    make_replies()
    make_rate_limits()
    make_secret_links()
    make_audit()
    make_registry()


def make_people() -> None:
    """Make the table of guests, members and admins."""
    op.create_table(
        "people",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("uid", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("role", sa.String(16), nullable=False, server_default="guest"),
        sa.Column("email", sa.String(254)),
        *(sa.Column(name, sa.Text) for name in ("name", "password", "subject")),
        *(sa.Column(name, sa.BigInteger) for name in ("suspended_at", "seen_at")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_people_email", "people", ["email"], unique=True)
    op.create_index("ix_people_subject", "people", ["subject"], unique=True)


def make_sessions() -> None:
    """Make the table of sessions."""
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
        sa.Column("person_id", sa.Integer, index=True),
        sa.Column("created_at", sa.BigInteger),
        sa.Column("seen_at", sa.BigInteger),
        sa.Column("agent", sa.Text),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="sessions_person_id_fkey", ondelete="CASCADE"),
    )


def make_conversations() -> None:
    """Make the tables of conversations and their messages."""
    op.create_table(
        "conversations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.Integer, belongs_to("people"), nullable=False, index=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("leaf_id", sa.Integer),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("unread", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("mixed", sa.Boolean, nullable=False, server_default=sa.false()),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("conversation_id", sa.Integer, belongs_to("conversations"), nullable=False),
        sa.Column("parent_id", sa.Integer, belongs_to("messages"), index=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text),
        sa.Column("html_version", sa.Integer),
        sa.Column("turn_key", sa.String(64), unique=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_siblings", "messages", ["conversation_id", "parent_id"])


def make_replies() -> None:
    """Make the tables of replies and of the pieces of the ones that are being written."""
    op.create_table(
        "replies",
        sa.Column("id", sa.Integer, belongs_to("messages"), primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("stop", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("left_out", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("finish_reason", sa.Text),
        sa.Column("prompt_tokens", sa.Integer),
        sa.Column("completion_tokens", sa.Integer),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("continued", sa.Integer, nullable=False, server_default="0"),
        *(sa.Column(name, sa.Integer) for name in ("first_word_ms", "duration_ms", "reasoning_ms")),
        sa.Column("reasoning", sa.Text),
        sa.Column("address", sa.String(32)),
    )
    op.create_table(
        "pieces",
        sa.Column("reply_id", sa.Integer, belongs_to("replies"), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def make_rate_limits() -> None:
    """Make the tables of what was sent lately, and of tries to sign in."""
    op.create_table(
        "sends",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person_id", sa.Integer, belongs_to("people"), nullable=False, index=True),
        sa.Column("address", sa.String(32), index=True),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("whose", sa.String(64), nullable=False, index=True),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
    )


def make_secret_links() -> None:
    """Make the tables of invites and of links that reset a password."""
    op.create_table(
        "invites",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("uses_left", sa.Integer, nullable=False),
        sa.Column("made_by", sa.Integer, sa.ForeignKey("people.id", ondelete="SET NULL")),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "resets",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.Integer, belongs_to("people"), nullable=False, index=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    )


def make_audit() -> None:
    """Make the audit log; the index finds what strangers add to it."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor_id", sa.Integer),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    by_strangers = sa.text("action = 'sign_in_throttled'")
    op.create_index("ix_audit_throttled", "audit", ["id"], sqlite_where=by_strangers, postgresql_where=by_strangers)


def make_registry() -> None:
    """Make the tables of what admins decide: options, providers, models that are turned off."""
    op.create_table(
        "options",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "services",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("key_end", sa.String(8), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "hidden_models",
        sa.Column("provider", sa.String(64), primary_key=True),
        sa.Column("model", sa.String(256), primary_key=True),
    )


def belongs_to(table: str) -> sa.ForeignKey:
    """Refer to a row without which this one goes too."""
    return sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
