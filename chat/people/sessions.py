"""The store of sessions: our own table, behind Flask-Session's cachelib type.

A session names a person and holds nothing else. The table has a digest of each id, so a copy of the database opens no
session. Only `add` and `move` insert rows: a request that still holds an ended session can't revive it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cachelib.base import BaseCache
from sqlalchemy import BigInteger, Connection, Row, bindparam, case, delete, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from chat.config import Settings
from chat.config.durations import DAY
from chat.people import audit
from chat.people.person import PUBLIC_COLUMNS, Person
from chat.storage.database import Database, DatabaseAway, clock
from chat.storage.json_rows import JSON_ROWS
from chat.storage.tables import people, sessions

GUEST_LIFETIME = 30 * DAY
"""How long a guest can stay away, in seconds: only the session knows them."""

MOST_SESSIONS = 50
"""How many sessions a member can have: a client without cookies that a proxy signs in makes one at each request."""

IS_SESSION = sessions.c.id == bindparam("it")
# The lock makes Postgres wait for a removal that is under way, and then see that the person is gone.
LOCK_OWNER = select(people.c.id).where(people.c.id == bindparam("whose")).with_for_update(read=True, key_share=True)
OWNER = LOCK_OWNER.scalar_subquery()
GUEST_OWNER = select(people.c.id).where(people.c.id == bindparam("whose"), people.c.role == "guest").scalar_subquery()

IS_ALIVE = (sessions.c.expires_at > clock()) & people.c.suspended_at.is_(None)
OWNED = sessions.outerjoin(people, people.c.id == sessions.c.person_id)
COLUMNS = sessions.c.data, (clock() - sessions.c.seen_at).label("idle"), *PUBLIC_COLUMNS
SELECT_SESSION = select(*COLUMNS).select_from(OWNED).where(IS_SESSION, IS_ALIVE)

IDLE_END = clock() + bindparam("idle", type_=BigInteger)
LAST_END = sessions.c.created_at + bindparam("longest", type_=BigInteger)
ROLE = select(people.c.role).where(people.c.id == sessions.c.person_id).scalar_subquery()
END = case((ROLE == "guest", clock() + GUEST_LIFETIME), (IDLE_END < LAST_END, IDLE_END), else_=LAST_END)
UPDATE_DATA = update(sessions).where(IS_SESSION).values(data=bindparam("stored"), expires_at=END, seen_at=clock())
UPDATE_SEEN = update(sessions).where(IS_SESSION).values(seen_at=clock())
INSERT_SESSION = insert(sessions).values(
    id=bindparam("it"), data=bindparam("stored"), person_id=OWNER, created_at=clock()
)
# A guest's session has no `seen_at` until the browser has sent its cookie.
INSERT_OF_GUEST = INSERT_SESSION.values(
    expires_at=clock() + GUEST_LIFETIME, seen_at=case((GUEST_OWNER.is_(None), clock()))
)
INSERT_OF_ACCOUNT = INSERT_SESSION.values(expires_at=IDLE_END, seen_at=clock(), agent=bindparam("agent"))
IS_OF_PERSON = sessions.c.person_id == bindparam("person")
SELECT_OF_PERSON = (
    select(sessions.c.id, sessions.c.agent, sessions.c.seen_at)
    .where(IS_OF_PERSON, sessions.c.expires_at > clock())
    .order_by(sessions.c.seen_at.desc())
)
DELETE_OF_PERSON = delete(sessions).where(IS_OF_PERSON)
SELECT_NEWEST = SELECT_OF_PERSON.with_only_columns(sessions.c.id).limit(MOST_SESSIONS - 1)
DELETE_CROWDED = DELETE_OF_PERSON.where(sessions.c.id.not_in(SELECT_NEWEST))
DELETE_ONE, DELETE_OTHERS = DELETE_OF_PERSON.where(IS_SESSION), DELETE_OF_PERSON.where(~IS_SESSION)
OWNER_OF_SESSION = select(sessions.c.person_id).where(IS_SESSION).scalar_subquery()
UPDATE_GUEST_NAME = (
    update(people).where(people.c.id == OWNER_OF_SESSION, people.c.role == "guest").values(uid=bindparam("renamed"))
)
UPDATE_PERSON_SEEN = update(people).where(people.c.id == OWNER_OF_SESSION).values(seen_at=clock())
DELETE_EXPIRED = delete(sessions).where(sessions.c.expires_at < clock())
DELETE_SESSION = delete(sessions).where(IS_SESSION)

SELECT_ALIVE = select(sessions.c.id).select_from(OWNED).where(IS_ALIVE)
SELECT_ALIVE_OF = {
    dialect: SELECT_ALIVE.where(sessions.c.id.in_(text(f"SELECT asked.key FROM {rows}")))
    for dialect, rows in JSON_ROWS.items()
}


@dataclass(frozen=True)
class Session:
    """A session's data, its person, and how long it was idle: None at a guest's first return."""

    data: dict[str, Any]
    idle: int | None
    person: Person | None


class SessionStore(BaseCache):
    """Sessions as JSON in the database, as Flask-Session asks of a cache.

    A member's session ends after `idle` days without a visit, and in any case after `longest` days.
    """

    def __init__(self, database: Database, settings: Settings | None = None):
        super().__init__()
        self.database = database
        known = settings or Settings()
        self.spans = {"idle": known.session_idle_days * DAY, "longest": known.session_days * DAY}

    def find(self, key: str) -> Session | None:
        """Find a session; None if it or its person is gone."""
        with self.database.read() as connection:
            row = connection.execute(SELECT_SESSION, {"it": digest(key)}).first()
        if row is None:
            return None
        stored, idle, *columns = row
        person = Person(*columns) if columns[0] is not None else None
        data = json.loads(stored)
        if data.get("person") != (person and person.id):
            return None
        if idle is None:
            self._note_return(key)
        return Session(data, idle, person)

    def _note_return(self, key: str) -> None:
        """Note that a guest's browser has its cookie: from now on the form that made the guest opens nothing.

        A page waits for no writer: if the database is busy, the next request notes it.
        """
        with suppress(DatabaseAway, SQLAlchemyError), self.database.write(wait=0) as connection:
            connection.execute(UPDATE_SEEN, {"it": digest(key)})

    def get(self, key: str) -> Any:
        """Return a session's data; None if it has ended."""
        found = self.find(key)
        return found and found.data

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Insert a session, and delete the expired ones. `timeout` is ignored."""
        with self.database.write() as connection:
            connection.execute(DELETE_EXPIRED)
            row = {"it": digest(key), "stored": json.dumps(value), "whose": value.get("person")}
            connection.execute(INSERT_OF_GUEST, row)
        return True

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Update a session that is in use; False if it has ended."""
        it, stored = digest(key), json.dumps(value)
        with self.database.write() as connection:
            connection.execute(UPDATE_PERSON_SEEN, {"it": it})  # the person first, as a suspension does
            return connection.execute(UPDATE_DATA, {"it": it, "stored": stored} | self.spans).rowcount > 0

    def move(self, connection: Connection, before: str, after: str, value: Any, agent: str) -> None:
        """Replace a session by a new one of a member or an admin. If they have too many, the oldest one ends."""
        it, person_id = digest(after), value["person"]
        row = {
            "it": it,
            "stored": json.dumps(value),
            "whose": person_id,
            "agent": agent,
            "idle": min(self.spans.values()),
        }
        connection.execute(DELETE_SESSION, {"it": digest(before)})
        connection.execute(DELETE_CROWDED, {"person": person_id})  # first, so that it can't end the new one
        connection.execute(INSERT_OF_ACCOUNT, row)
        connection.execute(UPDATE_PERSON_SEEN, {"it": it})

    def delete(self, key: str) -> bool:
        """Delete a session, and rename its guest: otherwise the form that made the guest opens their chats again."""
        with self.database.write() as connection:
            connection.execute(UPDATE_GUEST_NAME, {"it": digest(key), "renamed": secrets.token_urlsafe(16)})
            return connection.execute(DELETE_SESSION, {"it": digest(key)}).rowcount > 0

    def of_person(self, person_id: int) -> Sequence[Row]:
        """List a person's sessions: `id` (a digest), `agent` (the User-Agent) and `seen_at`."""
        with self.database.read() as connection:
            return connection.execute(SELECT_OF_PERSON, {"person": person_id}).all()

    def end(self, person_id: int, name: str) -> None:
        """End one of a person's own sessions, by its digest."""
        with self.database.write() as connection:
            connection.execute(DELETE_ONE, {"person": person_id, "it": name})

    def end_others(self, person_id: int, name: str) -> None:
        """End all of a person's sessions except one."""
        with self.database.write() as connection:
            connection.execute(DELETE_OTHERS, {"person": person_id, "it": name})
            audit.note_own(connection, person_id, "signed_out_everywhere")

    def find_ended(self, names: Iterable[str]) -> frozenset[str]:
        """Return which of some sessions, given by digests, have ended or belong to a suspended person."""
        asked = frozenset(names)
        with self.database.read() as connection:
            query = SELECT_ALIVE_OF[connection.dialect.name]
            return asked.difference(connection.execute(query, {"asked": json.dumps(dict.fromkeys(asked))}).scalars())


def digest(key: str) -> str:
    """Hash a secret for a table: a session's id, or the token of a link."""
    return hashlib.sha256(key.encode()).hexdigest()
