"""Create a database of this version, and a future version that upgrades it with its own step."""

from __future__ import annotations

import shutil
from pathlib import Path

from chat.storage import schema
from chat.storage.database import Database

NEXT = f"{int(schema.HEAD) + 1:04}"

STEP = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{schema.HEAD}"


def upgrade():
    for number in range(3):
        op.add_column("people", sa.Column(f"fact_{{number}}", sa.Text))
        op.create_index(f"ix_people_fact_{{number}}", "people", [f"fact_{{number}}"])
    op.execute("UPDATE people SET fact_0 = uid")
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("fact", sa.Text, nullable=False, server_default="none"))
    op.create_table("facts", sa.Column("id", sa.Integer, primary_key=True), sa.Column("fact", sa.Text, index=True))
"""
"""Columns, indexes, an update of rows, a table that SQLite rebuilds, and a new table."""

TO_COME = f"""
import sys
from pathlib import Path
from chat.storage import schema

schema.HEAD, schema.MIGRATIONS = "{NEXT}", Path(sys.argv[2])
"""
"""Turns a process into the future version; the second argument names the folder of its migrations."""


def present(folder: Path, name: str = "rivulet.db") -> Path:
    """Create a database of this version, with a person in it."""
    database = Database(f"sqlite:///{folder / name}")
    database.upgrade()
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO people (uid, created_at) VALUES ('ann', 0)")
    database.dispose()
    return folder / name


def migrations_to_come(folder: Path) -> Path:
    """Copy the migrations, and add one."""
    shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / f"{NEXT}_facts.py").write_text(STEP)
    return folder
