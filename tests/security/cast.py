"""Create the people of the security tests: an owner of private conversations, and visitors of each role."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Select, Table, insert, select, update

from chat import conversations
from chat.conversations import Draft
from chat.people import invites, password_resets
from chat.people.rate_limits import Asker
from chat.registry import records
from chat.registry.form import ProviderForm
from chat.storage.database import Database, clock
from chat.storage.tables import metadata, people, replies, sessions
from tests.asking import begin, ended, reply_in
from tests.scripted import Gate, Scripted
from tests.turns import CHOICE, answered, asked, eventually, guest, text_stored

PRIVATE = "What Olga alone knows"
NOBODYS = 999_999_999
"""An id that nothing has."""

MOVING = {"lease_until", "seen_at", "expires_at", "data"}
"""Columns that change by themselves: a lease that is renewed, and when somebody was last here."""

HASH = "$argon2id$v=19$m=8,t=1,p=1$bm90IGEgc2FsdA$bm90IGEgaGFzaA"
"""A hash of no password."""

Things = dict[str, Any]


@dataclass
class Owner:
    """A member with two conversations: the answer of one is interrupted, that of the other is still being written."""

    person_id: int
    finished: Things
    running: Things
    gate: Gate


def owner(app: Flask, provider: Scripted) -> Owner:
    """Create Olga and her two conversations; the second answer waits at a gate."""
    person_id = enrol(app, "olga", "member")
    client, gate = signed_in(app, person_id), Gate()
    provider.will_say("It stays here.")
    first = begin(client, PRIVATE)
    ended(client, first)
    provider.will_say("Hel", gate, "lo")
    second = begin(client, f"{PRIVATE}, and more")
    finished, running = (things(number, reply_in(client, number)) for number in (first, second))
    eventually(lambda: text_stored(database(app), running["reply_id"]) == "Hel")
    break_off(database(app), finished["reply_id"])
    return Owner(person_id, finished, running, gate)


def enrol(app: Flask, name: str, role: str) -> int:
    """Create a person with a role."""
    row = {"uid": name, "role": role, "email": f"{name}@example.org", "name": name, "created_at": clock()}
    row |= {"password": HASH}
    with database(app).write() as connection:
        return connection.execute(insert(people).values(row).returning(people.c.id)).scalar_one()


def signed_in(app: Flask, person_id: int) -> FlaskClient:
    """Return a person's signed-in browser."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["person"] = person_id
    return client


def visiting(app: Flask, role: str) -> int | None:
    """Create a visitor with a role; a stranger has no row in the database."""
    if role == "stranger":
        return None
    if role == "guest":
        return guest(database(app), secrets.token_hex(8))
    person_id = enrol(app, role.replace(" ", "-"), "admin" if role == "admin" else "member")
    if role == "suspended":
        with database(app).write() as connection:
            connection.execute(update(people).where(people.c.id == person_id).values(suspended_at=clock()))
    return person_id


def spare(app: Flask, wanted: set[str], endpoint: str) -> Things:
    """Create the rest that an address can name: another person, an invite, a provider, a link's token."""
    made: Things = {}
    someone = enrol(app, f"spare-{secrets.token_hex(8)}", "member") if wanted & {"person_id", "token"} else 0
    if "person_id" in wanted:
        made["person_id"] = someone
    if "invite_id" in wanted:
        invite(app)
        made["invite_id"] = max(row.id for row in invites.list_open(database(app)))
    if "token" in wanted and endpoint.startswith("invites."):
        made["token"] = invite(app)
    if "token" in wanted and endpoint.startswith("password_resets."):
        with database(app).write() as connection:
            made["token"] = password_resets.create(connection, someone)
    if "name" in wanted and endpoint.startswith("admin_models."):
        made["name"] = f"spare-{secrets.token_hex(8)}"
        records.add(
            app.extensions["rivulet"].registry,
            "a test",
            ProviderForm(made["name"], "openai", "http://127.0.0.1:9/v1", ""),
        )
    return made


def invite(app: Flask) -> str:
    """Create an invite and return its token."""
    return invites.create(database(app), "a test", email=f"{secrets.token_hex(8)}@example.org")


def own_things(app: Flask, person_id: int) -> Things:
    """Create a conversation whose answer broke off while a message waits, so that all its buttons can be pressed."""
    with let_in(app, person_id):
        turn = asked(database(app), person_id, "Mine")
        conversations.ask(database(app), Asker(person_id), turn.conversation_id, Draft("Later", CHOICE, room=100))
        answered(database(app), turn, "Some.", "interrupted")
    break_off(database(app), turn.reply_id)
    return things(turn.conversation_id, turn.reply_id)


@contextmanager
def let_in(app: Flask, person_id: int) -> Iterator[None]:
    """Lift a person's suspension while a block runs, so that they can ask."""
    this = people.c.id == person_id
    with database(app).write() as connection:
        suspended = connection.execute(select(people.c.suspended_at).where(this)).scalar()
        connection.execute(update(people).where(this).values(suspended_at=None))
    yield
    with database(app).write() as connection:
        connection.execute(update(people).where(this).values(suspended_at=suspended))


def break_off(stored: Database, reply_id: int) -> None:
    """Store a reply as interrupted, with some reasoning."""
    with stored.write() as connection:
        broken = {"state": "interrupted", "reasoning": "Let me think."}
        connection.execute(update(replies).where(replies.c.id == reply_id).values(broken))


def session_of(app: Flask, person_id: int) -> str:
    """Return the stored name of one of a person's sessions."""
    return read(app, select(sessions.c.id).where(sessions.c.person_id == person_id))[0].id


def settle(app: Flask) -> None:
    """Wait until no answer is being written."""
    states = select(replies.c.state).where(replies.c.state == "generating")
    eventually(lambda: not read(app, states))


def read(app: Flask, query: Select[Any]) -> list[Any]:
    """Read rows of an app's database."""
    with database(app).read() as connection:
        return list(connection.execute(query))


def things(conversation_id: int, reply_id: int) -> Things:
    """Return the ids of a conversation and its messages, by the argument that names each in an address."""
    return {"conversation_id": conversation_id, "reply_id": reply_id, "message_id": reply_id - 1}


def database(app: Flask) -> Database:
    """Return an app's database."""
    return app.extensions["rivulet"].database


def belongings(app: Flask, person_id: int) -> dict[str, list[dict[str, Any]]]:
    """Read a person's row and all rows that refer to it, without the columns that change by themselves."""
    kept: dict[str, list[dict[str, Any]]] = {}
    with database(app).read() as connection:
        for table in metadata.sorted_tables:
            rows = [dict(row._mapping) for row in connection.execute(select(table))]
            kept[table.name] = [row for row in rows if row == {**row, "id": person_id} and table is people]
            kept[table.name] += [row for row in rows if table is not people and hangs_on(table, row, kept)]
    return {name: [still(row) for row in rows] for name, rows in kept.items()}


def hangs_on(table: Table, row: dict[str, Any], kept: dict[str, list[dict[str, Any]]]) -> bool:
    """Check whether one of a row's foreign keys refers to a row already found."""
    keys = [(key.parent.name, key.column) for key in table.foreign_keys if key.column.table is not table]
    return any(row[name] in {one[to.name] for one in kept.get(to.table.name, ())} for name, to in keys)


def still(row: dict[str, Any]) -> dict[str, Any]:
    """Remove the columns that change by themselves."""
    return {name: value for name, value in row.items() if name not in MOVING}
