"""Where sessions are kept: a table of ours behind Flask-Session's cachelib type.

A session says who somebody is and nothing else. The table holds a digest of each id, so that a copy of the database
opens no one's session. One that was ended is not revived by a request that still held it: only `add` and `move` make
rows.
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

GUEST_STAYS = 30 * DAY
"""How long a guest may stay away, in seconds: their session is all that they are known by."""

MOST_SESSIONS = 50
"""How many sessions a member may have: who keeps no cookie, and is let in by each request, makes one each time."""

IS_SESSION = sessions.c.id == bindparam("it")
# Who is being removed at this moment isn't there, which Postgres sees only where it waits for the end of that.
LOCK_OWNER = select(people.c.id).where(people.c.id == bindparam("whose")).with_for_update(read=True, key_share=True)
OWNER = LOCK_OWNER.scalar_subquery()
GUEST_OWNER = select(people.c.id).where(people.c.id == bindparam("whose"), people.c.role == "guest").scalar_subquery()

# Of whom was removed nothing is found, as their sessions go with them.
IS_ALIVE = (sessions.c.expires_at > clock()) & people.c.suspended_at.is_(None)
OWNED = sessions.outerjoin(people, people.c.id == sessions.c.person_id)
COLUMNS = sessions.c.data, (clock() - sessions.c.seen_at).label("idle"), *PUBLIC_COLUMNS
SELECT_SESSION = select(*COLUMNS).select_from(OWNED).where(IS_SESSION, IS_ALIVE)

IDLE_END = clock() + bindparam("idle", type_=BigInteger)
LAST_END = sessions.c.created_at + bindparam("longest", type_=BigInteger)
ROLE = select(people.c.role).where(people.c.id == sessions.c.person_id).scalar_subquery()
END = case((ROLE == "guest", clock() + GUEST_STAYS), (IDLE_END < LAST_END, IDLE_END), else_=LAST_END)
UPDATE_DATA = update(sessions).where(IS_SESSION).values(data=bindparam("said"), expires_at=END, seen_at=clock())
UPDATE_SEEN = update(sessions).where(IS_SESSION).values(seen_at=clock())
INSERT_SESSION = insert(sessions).values(
    id=bindparam("it"), data=bindparam("said"), person_id=OWNER, created_at=clock()
)
# Until a guest's has come back, nobody knows whether its cookie has arrived.
INSERT_OF_GUEST = INSERT_SESSION.values(
    expires_at=clock() + GUEST_STAYS, seen_at=case((GUEST_OWNER.is_(None), clock()))
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

SELECT_ALIVE = (
    select(sessions.c.id).outerjoin_from(sessions, people, people.c.id == sessions.c.person_id).where(IS_ALIVE)
)
SELECT_ALIVE_OF = {
    dialect: SELECT_ALIVE.where(sessions.c.id.in_(text(f"SELECT asked.key FROM {rows}")))
    for dialect, rows in JSON_ROWS.items()
}


@dataclass(frozen=True)
class Session:
    """What a session says, whose it is, and for how long it was idle: None for a guest's first return."""

    data: dict[str, Any]
    idle: int | None
    person: Person | None

    @classmethod
    def of_row(cls, row: Row) -> Session:
        """Read a row of SELECT_SESSION."""
        data, idle, *person = row
        return cls(json.loads(data), idle, Person(*person) if person[0] is not None else None)


class SessionStore(BaseCache):
    """Sessions as JSON in the database: what Flask-Session asks of a cache, and whose each is.

    A member's ends after `idle` days without a visit, and in any case after `longest` days.
    """

    def __init__(self, database: Database, settings: Settings | None = None):
        super().__init__()
        self.database = database
        known = settings or Settings()
        self.spans = {"idle": known.session_idle_days * DAY, "longest": known.session_days * DAY}

    def find(self, key: str) -> Session | None:
        """Find a session; None where it or its person is gone."""
        with self.database.read() as connection:
            row = connection.execute(SELECT_SESSION, {"it": digest(key)}).first()
        found = Session.of_row(row) if row else None
        if found is None or found.data.get("person") != (found.person and found.person.id):
            return None
        if found.idle is None:
            self._note_return(key)
        return found

    def _note_return(self, key: str) -> None:
        """Note that a guest's browser has its cookie: the form that made them is no key to what they say any more."""
        with suppress(DatabaseAway, SQLAlchemyError), self.database.write(wait=0) as connection:
            connection.execute(UPDATE_SEEN, {"it": digest(key)})  # or by the next request: reading waits for no writer

    def get(self, key: str) -> Any:
        """Find a session's data; None where there is none, or it has ended."""
        found = self.find(key)
        return found and found.data

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Keep a new session's data, and drop what has expired; how long is for us to say."""
        with self.database.write() as connection:
            connection.execute(DELETE_EXPIRED)
            connection.execute(INSERT_OF_GUEST, row_of(key, value))
        return True

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Keep the data of a session that is there, which was used just now; False where it has been ended."""
        it, said = digest(key), json.dumps(value)
        with self.database.write() as connection:
            connection.execute(UPDATE_PERSON_SEEN, {"it": it})  # the person first, as who suspends them does
            return connection.execute(UPDATE_DATA, {"it": it, "said": said} | self.spans).rowcount > 0

    def move(self, connection: Connection, before: str, after: str, value: Any, agent: str) -> None:
        """End a session, and begin one of a member's or an admin's in its place.

        Where they have too many, the one that was seen longest ago ends as well.
        """
        connection.execute(DELETE_SESSION, {"it": digest(before)})
        connection.execute(
            DELETE_CROWDED, {"person": value["person"]}
        )  # before the new one: it may not be the one that ends
        connection.execute(INSERT_OF_ACCOUNT, row_of(after, value) | {"agent": agent, "idle": self.spans["idle"]})
        connection.execute(UPDATE_PERSON_SEEN, {"it": digest(after)})

    def delete(self, key: str) -> bool:
        """Drop a session; a guest's name goes, too: else the form that made them would open what they said again."""
        with self.database.write() as connection:
            connection.execute(UPDATE_GUEST_NAME, {"it": digest(key), "renamed": secrets.token_urlsafe(16)})
            return connection.execute(DELETE_SESSION, {"it": digest(key)}).rowcount > 0

    def of_person(self, person_id: int) -> Sequence[Row]:
        """List a person's sessions: `id` is a digest, `agent` what the browser calls itself, `seen_at`."""
        with self.database.read() as connection:
            return connection.execute(SELECT_OF_PERSON, {"person": person_id}).all()

    def end(self, person_id: int, name: str) -> None:
        """End one of a person's sessions, by its digest; somebody else's isn't found."""
        with self.database.write() as connection:
            connection.execute(DELETE_ONE, {"person": person_id, "it": name})

    def end_others(self, person_id: int, name: str) -> None:
        """End all of a person's sessions but one."""
        with self.database.write() as connection:
            connection.execute(DELETE_OTHERS, {"person": person_id, "it": name})
            audit.note_own(connection, person_id, "signed_out_everywhere")

    def find_ended(self, names: Iterable[str]) -> frozenset[str]:
        """Tell which of some sessions, any number, given by their digests, have ended, or may see nothing any more."""
        asked = frozenset(names)
        with self.database.read() as connection:
            query = SELECT_ALIVE_OF[connection.dialect.name]
            return asked.difference(connection.execute(query, {"asked": json.dumps(dict.fromkeys(asked))}).scalars())


def row_of(key: str, value: Any) -> dict[str, Any]:
    """Write a session's data and whose it is."""
    return {"it": digest(key), "said": json.dumps(value), "whose": value.get("person")}


def digest(key: str) -> str:
    """Give what a table knows a secret by: a session's id, or the token of a link."""
    return hashlib.sha256(key.encode()).hexdigest()
