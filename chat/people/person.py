"""One row of `people`: a guest, a member or an admin."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, Select, func, null, select

from chat.storage.tables import people


@dataclass(frozen=True)
class Person:
    """A person; `email` and `name` can be empty; `password` is a hash, and None in PUBLIC_COLUMNS."""

    id: int
    role: str
    email: str
    name: str
    subject: str | None
    password: str | None = field(repr=False)
    created_at: int
    seen_at: int | None
    suspended_at: int | None


Actor = Person | str
"""The actor of an action: a person, or words such as "command line"."""

TEXTS = {name: func.coalesce(people.c[name], "").label(name) for name in ("email", "name")}
PERSON_COLUMNS = [TEXTS.get(each.name, people.c[each.name]) for each in fields(Person)]
PUBLIC_COLUMNS = [null().label("password") if column is people.c.password else column for column in PERSON_COLUMNS]
"""The columns without the password, for lists and sessions."""

SELECT_PEOPLE = select(*PERSON_COLUMNS)


def load(connection: Connection, query: Select[Any], **known: int | str | None) -> Person | None:
    """Load the first person of a query of PERSON_COLUMNS."""
    row = connection.execute(query, known).first()
    return Person(*row) if row else None
