"""Test reset links: used once, within half an hour, and unreadable in the database."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from chat.people import accounts, external_login, password_resets, roles
from chat.people.oidc import Identity
from chat.people.sessions import SessionStore
from chat.storage.database import Database, NotFound
from chat.storage.tables import resets as resets_table
from chat.storage.tables import sessions
from tests.people.conftest import all_at_once
from tests.serving import ROOT
from tests.team import account
from tests.turns import count


def made(database: Database, person_id: int) -> str:
    """Create a link."""
    with database.write() as connection:
        return password_resets.create(connection, person_id)


def redeemed(database: Database, token: str) -> bool:
    """Use a link; return whether it worked."""
    try:
        password_resets.redeem(database, token, "a hash")
    except NotFound:
        return False
    return True


def is_open(database: Database, token: str) -> bool:
    """Tell whether a link is still usable."""
    try:
        return bool(password_resets.find(database, token))
    except NotFound:
        return False


def test_a_link_is_used_once_by_twenty_at_once(either: Database) -> None:
    """ALLM 24-2913, 26-72917: a link that many used at once, a code that went twice."""
    token = made(either, account(either))

    outcomes = all_at_once(*[partial(redeemed, either, token)] * 20)

    assert (outcomes.count(True), outcomes.count(False)) == (1, 19)


def test_a_new_password_ends_all_sessions(database: Database) -> None:
    ann, bob = account(database), account(database, "bob@example.org")
    for person in (ann, ann, bob):
        SessionStore(database).add(f"of {person}, {count(database, sessions)}", {"person": person})

    assert redeemed(database, made(database, ann))

    assert count(database, sessions) == 1
    assert accounts.find(database, ann).password == "a hash"  # type: ignore[union-attr]


def test_a_later_link_voids_the_one_before(database: Database) -> None:
    ann = account(database)
    first, second = made(database, ann), made(database, ann)

    assert not redeemed(database, first) and redeemed(database, second)


@pytest.mark.parametrize("change", [lambda token: token + "x", lambda token: token[:-1], lambda _: "", str.swapcase])
def test_a_link_that_was_changed_is_none(database: Database, change: Callable[[str], str]) -> None:
    token = made(database, account(database))

    assert not redeemed(database, change(token)) and not is_open(database, change(token))


def test_a_link_lasts_half_an_hour(database: Database) -> None:
    token = made(database, account(database))
    with database.write() as connection:
        connection.execute(update(resets_table).values(expires_at=resets_table.c.expires_at - password_resets.LIFETIME))

    assert not is_open(database, token) and not redeemed(database, token)


def test_the_table_holds_no_token(database: Database) -> None:
    token = made(database, account(database))

    with database.read() as connection:
        assert token not in str(connection.execute(resets_table.select()).all())
    assert len(token) >= 43


def test_a_reset_lets_nobody_in_by_what_was_tied_before(database: Database) -> None:
    """ALLM 26-32717: an attacker who once had the password kept another way in."""
    ann = account(database)
    external_login.link(database, ann, Identity("https://id.example 7"))

    assert redeemed(database, made(database, ann))

    person = accounts.find(database, ann)
    assert person and person.subject is None


def test_another_password_voids_links(database: Database) -> None:
    ann = account(database)
    token = made(database, ann)

    looked_at = accounts.find(database, ann)
    assert looked_at
    with database.write() as connection:
        accounts.change_password(connection, looked_at, "another hash")

    assert not is_open(database, token)


def test_a_password_that_was_set_meanwhile_is_not_overwritten(database: Database) -> None:
    ann = account(database)
    looked_at = accounts.find(database, ann)
    assert looked_at and redeemed(database, made(database, ann))

    with pytest.raises(accounts.Refused), database.write() as connection:
        accounts.change_password(connection, looked_at, "of who knew the old one")

    assert accounts.find(database, ann).password == "a hash"  # type: ignore[union-attr]


def test_links_and_suspensions_at_once_wait_for_each_other(either: Database) -> None:
    account(either, "boss@example.org", "admin")
    for number in range(10):
        ann = account(either, f"ann{number}@example.org")
        token = made(either, ann)
        doing: list[Callable[[], object]] = [
            partial(redeemed, either, token),
            partial(roles.suspend, either, "command line", ann),
            partial(made, either, ann),
        ]
        assert not [outcome for outcome in all_at_once(*doing) if isinstance(outcome, DBAPIError)]


def test_under_gevent_nothing_is_done_for_a_mail_while_its_asker_waits() -> None:
    """ALLM 26-21484: the connection ended later for users who have an account."""
    code = (
        "from gevent import monkey; monkey.patch_all(); from chat.people import password_resets as it; done = [];"
        "it.send_mail = lambda *_: done.append(1); it.queue_mail(None, {}, 'ann@example.org');"
        "before = len(done); import time; time.sleep(it.LONGEST_DELAY + 1); print(before, len(done))"
    )

    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT).split() == ["0", "1"]
