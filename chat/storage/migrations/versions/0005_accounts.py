"""Accounts: people with a role, whose sessions they are, invites, what admins decide and what they did."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns and the tables; who was there before is a guest, and keeps their sessions."""
    add_to_people()
    add_to_sessions()
    make_doors()
    make_what_admins_keep()


def add_to_people() -> None:
    """Let a person have a role and ways to sign in."""
    op.add_column("people", sa.Column("role", sa.String(16), nullable=False, server_default="guest"))
    op.add_column("people", sa.Column("email", sa.String(254)))
    for name in ("name", "password", "subject"):
        op.add_column("people", sa.Column(name, sa.Text))
    for name in ("suspended_at", "seen_at"):
        op.add_column("people", sa.Column(name, sa.BigInteger))
    op.create_index("ix_people_email", "people", ["email"], unique=True)
    op.create_index("ix_people_subject", "people", ["subject"], unique=True)


def add_to_sessions() -> None:
    """Let a session tell whose it is, so that all of a person's can be ended."""
    # A batch makes the table anew on SQLite, which can't add a foreign key.
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("person_id", sa.Integer))
        sessions.create_foreign_key("sessions_person_id_fkey", "people", ["person_id"], ["id"], ondelete="CASCADE")
        for name in ("created_at", "seen_at"):
            sessions.add_column(sa.Column(name, sa.BigInteger))
        sessions.add_column(sa.Column("agent", sa.Text))
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
    person = {
        "sqlite": "json_extract(data, '$.person')",
        "postgresql": "CAST(CAST(data AS json) ->> 'person' AS integer)",
    }[op.get_bind().dialect.name]
    op.execute(f"UPDATE sessions SET person_id = (SELECT id FROM people WHERE id = {person})")


def make_doors() -> None:
    """Make the tables of how people come in: invites, resets, tries."""
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
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("whose", sa.String(64), nullable=False, index=True),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
    )


def make_what_admins_keep() -> None:
    """Make the tables of what admins decide, and of what they did."""
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
