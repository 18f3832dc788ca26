"""Helpers for the tests of accounts: users with roles."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import insert, select

from chat.people.person import PERSON_COLUMNS, Person
from chat.storage.database import Database
from chat.storage.tables import people, sessions


def joined(database: Database, name: str, role: str = "member") -> Person:
    """Create a person with an account."""
    row = {"uid": name, "created_at": 0, "role": role, "email": f"{name}@example.org", "name": name.title()}
    with database.write() as connection:
        return Person(*connection.execute(insert(people).values(**row).returning(*PERSON_COLUMNS)).one())


def signed_in(database: Database, person_id: int, browsers: int = 1) -> None:
    """Give a person sessions."""
    rows = [{"id": f"{person_id} {number}", "data": "{}", "expires_at": 2**40} for number in range(browsers)]
    with database.write() as connection:
        connection.execute(insert(sessions).values(person_id=person_id), rows)


def person_of(database: Database, person_id: int) -> Any:
    """Read a person's row; None if they were removed."""
    with database.read() as connection:
        return connection.execute(select(people).where(people.c.id == person_id)).first()


def all_at_once(*tasks: Callable[[], object]) -> list[Any]:
    """Run several functions in threads at the same moment; return each result, or the raised error."""
    barrier, outcomes = threading.Barrier(len(tasks)), []

    def run(task: Callable[[], object]) -> None:
        barrier.wait(20)
        try:
            outcomes.append(task())
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(outcomes) == len(tasks)
    return outcomes
