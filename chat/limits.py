"""Limits: how many answers a person or an address may have written at once, and how many they ask for in a minute.

All is counted in the transaction that asks: no limit is passed by one, whichever worker or machine is asked, and a
refusal stores nothing. Answers at once are the replies that are being written, so there is no count that a crash could
leave behind. A send is a row for a minute, and the N-th last one has to be older (a sliding window: no 60 seconds hold
more than N).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, insert, literal, select

from chat.database import clock
from chat.tables import conversations, messages, replies, sends

MINUTE = 60

SOON = 5
"""When to try again, in seconds, where an answer has to end first, and nobody knows when."""

OLD = select(sends.c.id).where(sends.c.at < clock() - MINUTE).with_for_update(skip_locked=True)
FORGOTTEN = delete(sends).where(sends.c.id.in_(OLD))
"""Drops the sends that are older than a minute, but those that another transaction drops just now."""

SENT = insert(sends).values(at=clock())


class TooMany(Exception):
    """A limit is reached; the message is for the person who asks, who may ask again after `wait` seconds."""

    def __init__(self, sentence: str, wait: int):
        super().__init__(sentence)
        self.wait = wait


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


def admit(connection: Connection, asker: Asker) -> None:
    """Count one more answer that a person wants, while the asker's others wait for this transaction. Raises TooMany."""
    bounds = bounds_of(asker.own, asker.shared)
    if not bounds:
        return
    who = {"person": asker.person_id, "address": asker.address}
    hold(connection, asker)
    waits = connection.execute(waits_at(asker.own, asker.shared), who).one()
    for sentence, wait in zip(bounds, waits, strict=True):
        if wait is not None:
            raise TooMany(sentence.format(several(wait, "second")), wait)
    connection.execute(FORGOTTEN)
    connection.execute(SENT, {"person_id": asker.person_id, "address": asker.address})


@cache
def waits_at(own: Limit, shared: Limit) -> Select:
    """Select the seconds to wait at each bound; None where it isn't reached."""
    return select(*(bound.scalar_subquery() for bound in bounds_of(own, shared).values()))


@cache
def bounds_of(own: Limit, shared: Limit) -> dict[str, Select[int]]:
    """Give what is said at each bound, and a query for the seconds to wait there; no row where it isn't reached."""
    return dict([*bounds_of_a_person(own), *bounds_of_an_address(shared)])


def bounds_of_a_person(own: Limit) -> Iterator[tuple[str, Select[int]]]:
    """Give the bounds that hold for each person."""
    if own.answers:
        which = "Another answer of yours is" if own.answers == 1 else f"{own.answers} answers of yours are"
        sentence = f"{which} still being written. Wait for an end, or stop one, then send again."
        yield sentence, running(conversations.c.person_id == bindparam("person"), own.answers)
    if own.sends:
        sentence = f"That was {several(own.sends, 'message')} within a minute. Send the next one in {{}}."
        yield sentence, recent(sends.c.person_id == bindparam("person"), own.sends)


def bounds_of_an_address(shared: Limit) -> Iterator[tuple[str, Select[int]]]:
    """Give the bounds that hold for all who come from one address."""
    if shared.answers:
        written = f"{several(shared.answers, 'answer')} for your network"
        sentence = f"{written} are still being written. Send again in a moment."
        yield sentence, running(replies.c.address == bindparam("address"), shared.answers)
    if shared.sends:
        sentence = f"Your network sent {several(shared.sends, 'message')} within a minute. Send the next one in {{}}."
        yield sentence, recent(sends.c.address == bindparam("address"), shared.sends)


def running(whose: ColumnElement[bool], most: int) -> Select[int]:
    """Select SOON where as many answers are being written; found among these, which are few."""
    written = replies.join(messages, messages.c.id == replies.c.id)
    owned = written.join(conversations, conversations.c.id == messages.c.conversation_id)
    found = select(literal(SOON)).select_from(owned).where(replies.c.state == "generating", whose)
    return found.limit(1).offset(most - 1)


def recent(whose: ColumnElement[bool], most: int) -> Select[int]:
    """Select in how many seconds the last send but `most` is more than a minute old, by a clock of whole seconds."""
    left = select(sends.c.at + MINUTE + 1 - clock()).where(whose, sends.c.at >= clock() - MINUTE)
    return left.order_by(sends.c.at.desc()).limit(1).offset(most - 1)


def several(number: int, what: str) -> str:
    """Say a number of things."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def hold(connection: Connection, asker: Asker) -> None:
    """Let nobody else count for this person or this address meanwhile; SQLite has one writer at a time anyway."""
    if connection.dialect.name != "postgresql":
        return
    # The person first: in two orders they could wait for each other.
    locks = [func.pg_advisory_xact_lock(1, asker.person_id)]
    if asker.address:
        locks.append(func.pg_advisory_xact_lock(2, int(asker.address[:7], 16)))
    connection.execute(select(*locks))


def digest(secret: str, address: str | None) -> str:
    """Give what the database knows an address by; of IPv6, which has one household in a /64, that."""
    try:
        network = network_of(ipaddress.ip_address(address or ""))
    except ValueError:  # a server behind a socket of the machine itself, say
        network = address or ""
    return hmac.new(secret.encode(), f"address {network}".encode(), hashlib.sha256).hexdigest()[:32]


def network_of(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """Name the network of one household."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), 64), strict=False))
