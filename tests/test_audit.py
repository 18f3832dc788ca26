"""The audit log tells what was done, and nothing that anybody calls themselves changes what it tells."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from chat import audit
from chat.database import Database
from chat.tables import audit as audit_table
from chat.tables import people


def noted(database: Database, *rows: tuple[str, str, str]) -> None:
    """Write rows: who, what, to whom."""
    with database.write() as connection:
        for row in rows:
            audit.note(connection, *row)


def test_who_did_what_is_told_newest_first(database: Database) -> None:
    noted(
        database, ("ann@example.org", "invite_made", "for a member"), ("command line", "suspended", "bob@example.org")
    )

    rows = audit.page(database)

    assert [(row.actor, row.action, row.subject) for row in rows] == [
        ("command line", "suspended", "bob@example.org"),
        ("ann@example.org", "invite_made", "for a member"),
    ]
    assert all(row.at > 1_700_000_000 and row.actor_id is None for row in rows)


def test_a_person_is_named_as_they_were_called_then(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(people).values(uid="a", created_at=0, email="ann@example.org"))
        ann = connection.execute(select(people)).one()
        audit.note(connection, ann, "signed_in")
        connection.exec_driver_sql("DELETE FROM people")

    (row,) = audit.page(database)

    assert (row.actor_id, row.actor) == (ann.id, "ann@example.org")


def test_a_row_goes_with_what_it_tells(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        audit.note(connection, "ann", "signed_in")
        _ = 1 // 0

    assert audit.page(database) == []


def test_only_what_is_in_the_table_is_noted(database: Database) -> None:
    with pytest.raises(ValueError, match="ACTIONS"):
        noted(database, ("ann", "shrugged", ""))


@pytest.mark.parametrize("between", ["\n", "\r\n", "\u2028", "\u0085", "\0", "\x1b", "\u202e", "\t", "\x0b"])
def test_a_name_can_forge_no_row(database: Database, between: str) -> None:
    """LC 26-4276: a name with a line break in it writes a line of its own into the log."""
    noted(database, (f"ann{between}ERROR x", "signed_in", f"a{between}b"))

    (row,) = audit.page(database)

    assert (row.actor, row.subject) == ("ann ERROR x", "a b")


def test_an_endless_name_is_cut(database: Database) -> None:
    noted(database, ("x" * 1_000_000, "signed_in", ""))

    assert len(audit.page(database)[0].actor) == audit.LONGEST


def test_pages_go_on_where_the_last_one_ended(database: Database) -> None:
    noted(database, *[(str(number), "signed_in", "") for number in range(audit.PAGE + 3)])

    first = audit.page(database)
    rest = audit.page(database, before=first[audit.PAGE - 1].id)

    assert len(first) == audit.PAGE + 1
    assert [row.actor for row in rest] == ["2", "1", "0"]


def test_everything_is_read_in_batches_up_to_what_is_there_at_the_begin(database: Database) -> None:
    noted(database, *[(str(number), "signed_in", "") for number in range(audit.BATCH + 2)])

    batches = audit.batches(database)
    first = next(batches)
    noted(database, ("late", "signed_in", ""))
    rest = [row for batch in batches for row in batch]

    assert len(first) == audit.BATCH
    assert [row.actor for row in [*first, *rest]] == [str(number) for number in range(audit.BATCH + 2)]


def test_a_gap_in_the_log_ends_nothing(database: Database) -> None:
    noted(database, *[(str(number), "signed_in", "") for number in range(3)])
    with database.write() as connection:
        connection.execute(audit_table.delete().where(audit_table.c.actor == "1"))

    assert [row.actor for batch in audit.batches(database) for row in batch] == ["0", "2"]
