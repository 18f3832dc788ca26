"""Test the stamp of the latest backup."""

from __future__ import annotations

from chat.storage import backup_stamp
from chat.storage.database import Database


def test_the_stamp_has_the_age_of_the_latest_backup(either: Database) -> None:
    assert backup_stamp.age(either) is None

    backup_stamp.leave(either.engine.url.render_as_string(hide_password=False))
    with either.write() as connection:
        connection.exec_driver_sql("UPDATE options SET value = '1' WHERE name = 'backup'")
    old = backup_stamp.age(either)
    backup_stamp.leave(either.engine.url.render_as_string(hide_password=False))

    assert old and old > 1_000_000_000 and backup_stamp.age(either) in range(60)


def test_a_stamp_that_can_not_be_left_is_left_out(either: Database) -> None:
    with either.write() as connection:
        connection.exec_driver_sql("DROP TABLE options")

    backup_stamp.leave(either.engine.url.render_as_string(hide_password=False))
