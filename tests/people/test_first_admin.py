"""Test the first admin: through the link in the log, or from the environment; simultaneous claims make only one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import select, update

from chat import config
from chat.config import WrongSetting
from chat.people import accounts, audit, first_admin, passwords
from chat.storage.database import Database
from chat.storage.tables import metadata, options, sessions
from chat.storage.tables import people as people_table
from tests.people.conftest import all_at_once, person_of, signed_in
from tests.serving import KEY
from tests.team import PASSWORD, account
from tests.turns import count

NAMED = {"ADMIN_EMAIL": "Ann@example.org", "ADMIN_PASSWORD": PASSWORD}
"""A user whom the environment names."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash in no time: the race here is in the database."""
    monkeypatch.setattr(passwords, "hash_password", lambda password: f"hash of {len(password)}")


def test_fifty_claims_at_once_make_one_admin(either: Database) -> None:
    """OW 26-45675: the check for an admin and its creation were two steps."""
    claim = partial(first_admin.create_first_admin, either, KEY, first_admin.token(either, KEY) or "")

    outcomes = all_at_once(*[partial(claim, f"admin{number}@example.org", PASSWORD) for number in range(50)])

    assert sum(isinstance(outcome, accounts.Refused) for outcome in outcomes) == 49
    assert count(either, people_table) == 1
    assert count(either, options) == 0


def test_all_workers_know_the_same_token_and_the_database_alone_does_not(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: first_admin.token(database, KEY), range(8)))
    token = tokens.pop()

    assert tokens == set() and token
    assert not first_admin.is_open(database, "another key of thirty-two characters", token)
    with database.read() as connection:
        dump = [str(connection.execute(select(table)).all()) for table in metadata.sorted_tables]
    assert token not in "".join(dump)


def test_a_link_is_used_up_when_there_is_an_admin(database: Database) -> None:
    token = first_admin.token(database, KEY)
    assert token and first_admin.is_open(database, KEY, token)

    account(database, role="admin")

    assert not first_admin.is_open(database, KEY, token)
    assert first_admin.token(database, KEY) is None
    with pytest.raises(accounts.Refused):
        first_admin.create_first_admin(database, KEY, token, "bob@example.org", PASSWORD)


@pytest.mark.parametrize("given", ["", "0" * 64, "é", "claim"])
def test_a_made_up_token_claims_nothing(database: Database, given: str) -> None:
    first_admin.token(database, KEY)

    assert not first_admin.is_open(database, KEY, given)
    with pytest.raises(accounts.Refused):
        first_admin.create_first_admin(database, KEY, given, "bob@example.org", PASSWORD)


def test_workers_that_start_together_make_one_admin_from_the_environment(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: first_admin.set_up(database, config.load(NAMED)), range(8)))

    with database.read() as connection:
        (admin,) = connection.execute(select(people_table)).all()
    assert (admin.email, admin.role) == ("ann@example.org", "admin")
    assert count(database, options) == 0


def test_somebody_of_the_environment_who_is_a_member_already_becomes_the_admin_once(either: Database) -> None:
    """This setting once had no effect, and Rivulet printed no message."""
    settings, before = config.load(NAMED), account(either)
    first_admin.token(either, KEY)
    signed_in(either, before)
    with either.write() as connection:
        kept = connection.execute(update(people_table).values(password="theirs").returning(people_table)).one()

    told = all_at_once(*[partial(first_admin.set_up, either, settings)] * 4)

    assert told == [[]] * 4
    assert person_of(either, before) == (*kept[:3], "admin", *kept[4:])
    assert count(either, people_table) == 1 and count(either, sessions) == count(either, options) == 0
    assert [(row.actor, row.action) for row in audit.page(either)] == [("ann@example.org", "account_claimed")]


def test_where_there_is_an_admin_the_environment_makes_no_other(database: Database) -> None:
    account(database, "bob@example.org", "admin")
    ann = account(database)
    signed_in(database, ann)

    assert first_admin.set_up(database, config.load(NAMED)) == []

    assert person_of(database, ann).role == "member" and count(database, sessions) == 1


def test_who_is_suspended_is_not_let_in_by_the_environment_and_the_start_says_so(database: Database) -> None:
    ann = account(database)
    with database.write() as connection:
        connection.execute(update(people_table).values(suspended_at=1))
    token = first_admin.token(database, KEY)

    (told,) = first_admin.set_up(database, config.load(NAMED))

    assert "ADMIN_EMAIL" in told and "flask user reinstate" in told
    assert person_of(database, ann).role == "member" and token and first_admin.is_open(database, KEY, token)


@pytest.mark.parametrize(("email", "password"), [("ann@example.org", "password1"), ("ann", PASSWORD), ("", PASSWORD)])
def test_a_weak_admin_in_the_environment_stops_the_start_with_a_sentence(
    database: Database, email: str, password: str
) -> None:
    settings = config.load({"ADMIN_EMAIL": email, "ADMIN_PASSWORD": password})

    with pytest.raises(WrongSetting, match="ADMIN_EMAIL or ADMIN_PASSWORD") as refused:
        first_admin.set_up(database, settings)

    assert password not in str(refused.value)


def test_once_there_is_an_admin_the_one_of_the_environment_is_no_matter(database: Database) -> None:
    """An upgrade with a stricter rule would not start."""
    account(database, "ann@example.org", "admin")

    first_admin.set_up(database, config.load({"ADMIN_EMAIL": "ann", "ADMIN_PASSWORD": "password1"}))

    assert count(database, people_table) == 1


def test_an_admins_address_is_no_password_of_theirs(database: Database) -> None:
    email, password = "ann.oakhollow@example.org", "ann.oakhollow"
    token = first_admin.token(database, KEY)
    assert token

    with pytest.raises(passwords.BadPassword):
        first_admin.create_first_admin(database, KEY, token, email, password)
    with pytest.raises(WrongSetting):
        first_admin.set_up(database, config.load({"ADMIN_EMAIL": email, "ADMIN_PASSWORD": password}))
