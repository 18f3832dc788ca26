"""Limits: how many answers a person or an address may have written at once, and how many they ask for in a minute.

All is counted in the transaction that asks: no limit is passed by one, whichever worker or machine is asked, and a
refusal stores nothing. Answers at once are the replies that are being written, so there is no count that a crash could
leave behind. A send is a row for a minute, and the N-th last one has to be older (a sliding window: no 60 seconds hold
more than N).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    bindparam,
    delete,
    insert,
    literal,
    select,
)

from chat.people.sliding_window import MINUTE, TooMany, digest, nth_newest, waits
from chat.storage import locks
from chat.storage.database import clock
from chat.storage.locks import Lock
from chat.storage.tables import conversations, messages, replies, sends

SOON = 5
"""When to try again, in seconds, where an answer has to end first, and nobody knows when."""

OLD_SENDS = select(sends.c.id).where(sends.c.at < clock() - MINUTE).with_for_update(skip_locked=True)
DELETE_OLD = delete(sends).where(sends.c.id.in_(OLD_SENDS))
"""Drops the sends that are older than a minute, but those that another transaction drops just now."""

INSERT_SEND = insert(sends).values(at=clock())


@dataclass(frozen=True)
class Limit:
    """How many answers at once and how many sends a minute; 0 is any number."""

    answers: int = 0
    sends: int = 0


@dataclass(frozen=True)
class Asker:
    """Who wants an answer: a person, or the guest that a newcomer's form names, from an address, within limits."""

    person_id: int | None
    guest: str = ""
    address: str | None = None
    own: Limit = Limit()
    shared: Limit = Limit()


def register_send(connection: Connection, asker: Asker) -> None:
    """Count one more answer that a person wants, while the asker's others wait for this transaction. Raises TooMany."""
    bounds = bounds_of(asker)
    if not bounds:
        return
    locks.hold(connection, *locks_of(asker))
    known = {"person": asker.person_id, "address": asker.address}
    waits = connection.execute(
        wait_query(tuple(bounds)), known | {name: most - 1 for name, most in bounds.items()}
    ).one()
    for name, wait in zip(bounds, waits, strict=True):
        if wait is not None:
            raise TooMany(message_for(name, bounds[name], wait), wait)
    connection.execute(DELETE_OLD)
    connection.execute(INSERT_SEND, {"person_id": asker.person_id, "address": asker.address})


def bounds_of(asker: Asker) -> dict[str, int]:
    """Name the limits that there are, in the order in which they are told."""
    own, shared = asker.own, asker.shared
    bounds = {"own_answers": own.answers, "shared_answers": shared.answers}
    bounds |= {"own_sends": own.sends, "shared_sends": shared.sends}
    return {name: most for name, most in bounds.items() if most}


def message_for(name: str, most: int, wait: int) -> str:
    """Say what a person can do at a limit."""
    if name == "own_answers":
        which, one = ("Another answer of yours is", "it") if most == 1 else (f"{most} answers of yours are", "one")
        return f"{which} still being written. Wait until {one} ends, or stop {one}, then send again."
    if name == "shared_answers":
        return f"{pluralize(most, 'answer')} for your network are still being written. Send again in a moment."
    who = "That was" if name == "own_sends" else "Your network sent"
    return f"{who} {pluralize(most, 'message')} within a minute. Send the next one in {pluralize(wait, 'second')}."


@cache
def wait_query(names: tuple[str, ...]) -> Select:
    """Make the query for how long to wait at each limit, NULL where that isn't reached.

    It takes `person`, `address`, and for each limit one less than that. Making it takes longer than asking it.
    """
    person, address = bindparam("person", type_=Integer), bindparam("address", type_=String)
    queries = {
        "own_answers": running_replies(conversations.c.person_id == person),
        "shared_answers": running_replies(replies.c.address == address),
        "own_sends": waits(sends.c.at, sends.c.person_id == person),
        "shared_sends": waits(sends.c.at, sends.c.address == address),
    }
    return select(*(nth_newest(queries[name], bindparam(name, type_=Integer)).scalar_subquery() for name in names))


def running_replies(whose: ColumnElement[bool]) -> Select[int]:
    """Select SOON for each answer that is being written; found among these, which are few."""
    written = replies.join(messages, messages.c.id == replies.c.id)
    owned = written.join(conversations, conversations.c.id == messages.c.conversation_id)
    return select(literal(SOON)).select_from(owned).where(replies.c.state == "generating", whose)


def pluralize(number: int, what: str) -> str:
    """Say a number of things."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def locks_of(asker: Asker) -> list[tuple[Lock, int | str]]:
    """List what keeps others from counting for this person or this address meanwhile."""
    held: list[tuple[Lock, int | str]] = [(Lock.PERSON, asker.person_id or 0)]
    return [*held, (Lock.ADDRESS, asker.address)] if asker.address else held


def address_digest(secret: str, address: str | None) -> str:
    """Give what the database knows an address by."""
    return digest(secret, "addresses", household(address))[:32]


def household(address: str | None) -> str:
    """Give what counts as one address; of IPv6, which has one household in a /64, that."""
    address = without_port(address or "")
    try:
        return network_of(ipaddress.ip_address(address))
    except ValueError:  # a server behind a socket of the machine itself, say
        return address


def without_port(address: str) -> str:
    """Give an address without the port that some proxies pass on, another one for each connection."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def network_of(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """Name the network of one household."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), 64), strict=False))
