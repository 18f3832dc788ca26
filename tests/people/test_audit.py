"""Test the audit log: it records every action, and no user's name can falsify it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, insert

from chat.people import audit
from chat.people.person import SELECT_PEOPLE, load
from chat.storage.database import Database
from chat.storage.tables import audit as audit_table
from chat.storage.tables import people


def noted(database: Database, *rows: tuple[str, str, str]) -> None:
    """Write rows: actor, action, target."""
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
        ann = load(connection, SELECT_PEOPLE)
        assert ann
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

    assert len(audit.page(database)[0].actor) == audit.LONGEST_LINE


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


def strangers(database: Database, number: int) -> None:
    """Write a number of rows that strangers caused, and before them one other row for each hundred."""
    rows = [{"at": 0, "actor": "someone", "action": "sign_in_throttled", "subject": str(it)} for it in range(number)]
    others = [{"at": 0, "actor": "ann", "action": "signed_in", "subject": ""}] * (number // 100)
    with database.write() as connection:
        connection.execute(insert(audit_table), others + rows)


def test_of_what_strangers_make_the_newest_thousand_stay_and_all_else(either: Database) -> None:
    """A stranger could fill the database, and hide users' actions among the rows."""
    strangers(either, 1_200)

    with either.write() as connection:
        audit.note_throttled(connection, "the newest")

    rows = [row for batch in audit.batches(either) for row in batch]
    subjects = [row.subject for row in rows if row.action == "sign_in_throttled"]
    assert len(subjects) == audit.MOST_THROTTLED == 1_000
    assert (subjects[0], subjects[-2], subjects[-1]) == ("201", "1199", "the newest")
    assert len(rows) == 1_012


def test_what_strangers_made_is_found_by_an_index(database: Database) -> None:
    said: list[tuple[str, Any]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: said.append((told[2], told[3])))
    with database.write() as connection:
        audit.note_throttled(connection, "ann@example.org")

    ((statement, parameters),) = [each for each in said if each[0].startswith("DELETE")]
    with database.read() as connection:
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
    assert plan.count("audit USING INDEX ix_audit_throttled") == 2
