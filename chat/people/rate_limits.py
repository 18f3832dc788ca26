"""Rate limits: how many concurrent answers a person or an address can have, and how many messages a minute.

A send is counted in the transaction that stores it: so no worker lets one more through, and a refusal stores nothing.
Concurrent answers are the replies being written, so a crash leaves no count behind. Each send is a row for a minute, in
a sliding window: no 60 seconds hold more than N.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, Connection, Integer, Select, String, bindparam, delete, insert, literal, select

from chat.config import Settings
from chat.people.sliding_window import MINUTE, TooMany, digest, waits
from chat.storage import locks
from chat.storage.database import clock
from chat.storage.locks import Lock
from chat.storage.tables import conversations, messages, replies, sends

SOON = 5
"""The wait, in seconds, that we tell a person whose running answer has to end first."""

OLD_SENDS = select(sends.c.id).where(sends.c.at < clock() - MINUTE).with_for_update(skip_locked=True)
DELETE_OLD = delete(sends).where(sends.c.id.in_(OLD_SENDS))
"""Deletes old sends, and skips rows that another transaction is deleting."""

INSERT_SEND = insert(sends).values(at=clock())


@dataclass(frozen=True)
class Limit:
    """How many concurrent answers and how many sends a minute; 0 is no limit."""

    answers: int = 0
    sends: int = 0


Limits = tuple[Limit, Limit]
"""The limits of a person, and of an address."""

UNLIMITED: Limits = (Limit(), Limit())


def limits_of(settings: Settings) -> Limits:
    own = Limit(settings.max_concurrent_answers, settings.messages_per_minute)
    return own, Limit(settings.max_concurrent_answers_per_address, settings.messages_per_minute_per_address)


@dataclass(frozen=True)
class Asker:
    """The sender of a message: a person, or the guest that a new visitor's form names, and the limits that apply."""

    person_id: int | None
    guest: str = ""
    address: str | None = None
    own: Limit = Limit()
    shared: Limit = Limit()


def register_send(connection: Connection, asker: Asker) -> None:
    """Count one more send, while the sender's other sends wait for this transaction. Raises TooMany."""
    own, shared = asker.own, asker.shared
    limits = {"own_answers": own.answers, "shared_answers": shared.answers}
    limits |= {"own_sends": own.sends, "shared_sends": shared.sends}
    bounds = {name: most for name, most in limits.items() if most}
    if not bounds:
        return
    held: list[tuple[Lock, int | str]] = [(Lock.PERSON, asker.person_id or 0)]
    locks.hold(connection, *held, *([(Lock.ADDRESS, asker.address)] if asker.address else []))
    before = {name: most - 1 for name, most in bounds.items()}
    row = {"person": asker.person_id, "address": asker.address}
    waits = connection.execute(wait_query(tuple(bounds)), row | before).one()
    for name, wait in zip(bounds, waits, strict=True):
        if wait is not None:
            raise TooMany(message_for(name, bounds[name], wait), wait)
    connection.execute(DELETE_OLD)
    connection.execute(INSERT_SEND, {"person_id": asker.person_id, "address": asker.address})


def message_for(name: str, most: int, wait: int) -> str:
    """Write the sentence for a person who has reached a limit."""
    if name == "own_answers":
        which, rest = ("an answer", "it or stop it") if most == 1 else (f"{most} answers", "one or stop one")
        return f"You already have {which} in progress. Wait for {rest}."
    if name == "shared_answers":
        return "Too many answers are in progress on your network. Try again in a moment."
    who = "You've" if name == "own_sends" else "Your network has"
    limit, span = pluralize(most, "message"), pluralize(wait, "second")
    return f"{who} reached the limit of {limit} a minute. Try again in {span}."


@cache
def wait_query(names: tuple[str, ...]) -> Select:
    """Build the query for the wait at each limit, NULL if the limit isn't reached. Building takes longer than running.

    Its parameters are `person`, `address`, and each limit less one.
    """
    person, address = bindparam("person", type_=Integer), bindparam("address", type_=String)
    queries = {
        "own_answers": running_replies(conversations.c.person_id == person),
        "shared_answers": running_replies(replies.c.address == address),
        "own_sends": waits(sends.c.at, sends.c.person_id == person),
        "shared_sends": waits(sends.c.at, sends.c.address == address),
    }
    newest = (queries[name].limit(1).offset(bindparam(name, type_=Integer)) for name in names)
    return select(*(query.scalar_subquery() for query in newest))


def running_replies(whose: ColumnElement[bool]) -> Select[int]:
    """Select SOON for each of some replies that are being written. It starts from these, which are few."""
    written = replies.join(messages, messages.c.id == replies.c.id)
    owned = written.join(conversations, conversations.c.id == messages.c.conversation_id)
    return select(literal(SOON)).select_from(owned).where(replies.c.state == "generating", whose)


def pluralize(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def address_digest(secret: str, address: str | None) -> str:
    """Return the name by which the database knows an address."""
    return digest(secret, "addresses", household(address))[:32]


def household(address: str | None) -> str:
    """Return what counts as one address: of IPv6 the /64 that one household has."""
    text = without_port(address or "")
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:  # a server behind a Unix socket, for example
        return text
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((int(parsed), 64), strict=False))


def without_port(address: str) -> str:
    """Cut off the port that some proxies pass on, which differs for each connection."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address
