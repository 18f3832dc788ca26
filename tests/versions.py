"""Databases as older versions left them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from chat.storage.database import Database

TOP = Path(__file__).parent.parent


def of_version(folder: Path, version: str, name: str = "rivulet.db") -> Path:
    """Make a database of an older version, with a person in it."""
    database = Database(f"sqlite:///{folder / name}")
    settings = Config()
    settings.set_main_option("script_location", str(TOP / "chat" / "storage" / "migrations"))
    database._enable_wal()
    with database.write() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, version)
        connection.exec_driver_sql("INSERT INTO people (uid, created_at) VALUES ('ann', 0)")
    database.dispose()
    return folder / name
