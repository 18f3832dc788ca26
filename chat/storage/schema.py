"""The schema: the version of a database's tables, and the migrations to the newest one."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

HEAD = "0007"
"""The newest migration. A start with nothing to migrate doesn't load Alembic."""

OLDEST = "0006"
"""The first migration; older versions can't be upgraded."""

MIGRATIONS = Path(__file__).parent / "migrations"

TOO_NEW = "{} was made by a newer Rivulet ({}; this version supports {}). Update Rivulet. Nothing was changed."
TOO_OLD = (
    "{} was made by a Rivulet before the first release ({}; this version supports {} and later). Start commit bb1dc93 "
    "of Rivulet with it once to upgrade it, then start this version. Nothing was changed."
)


def version_of(connection: Connection) -> str | None:
    """Return the version of a database, None if it has none of our tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def misfit(name: str, version: str) -> str:
    """Write why a version can't be used and what to do; an empty string if it can be used or upgraded."""
    if version > HEAD:
        return TOO_NEW.format(name, version, HEAD)
    return TOO_OLD.format(name, version, OLDEST) if version < OLDEST else ""


def run_migrations(connection: Connection) -> None:
    """Run all missing migrations inside the open transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
