"""Test invites: created once, shown once, used as often as they allow, and never while something is wrong with them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from chat.people import audit, invites
from chat.people.invites import BadInvite, EmailTaken, Newcomer
from chat.storage.database import Database, NotFound, clock
from chat.storage.tables import invites as invite_table
from chat.storage.tables import people
from tests.people.conftest import all_at_once, joined, person_of
from tests.turns import count


def newcomer(name: str = "bob") -> Newcomer:
    """An invited user."""
    return Newcomer(f"{name}@example.org", name.title(), "a hash")


def make_older(database: Database, days: int) -> None:
    """Move the creation of all invites some days into the past."""
    aged = invite_table.c.expires_at - days * 86_400
    with database.write() as connection:
        connection.execute(update(invite_table).values(expires_at=aged))


def stored(database: Database) -> Row:
    """Read the only invite."""
    with database.read() as connection:
        return connection.execute(select(invite_table)).one()


def test_an_invite_makes_a_person_with_its_role(either: Database) -> None:
    ann = joined(either, "ann", "admin")
    token = invites.create(either, ann, "admin")

    bob = person_of(either, invites.redeem(either, token, newcomer()))

    assert bob is not None
    assert (bob.role, bob.email, bob.name, bob.password) == ("admin", "bob@example.org", "Bob", "a hash")
    assert [(row.actor, row.action, row.subject) for row in audit.page(either)] == [
        ("bob@example.org", "invite_redeemed", "admin"),
        ("ann@example.org", "invite_made", "admin"),
    ]


def test_a_token_is_256_bits_and_the_database_does_not_know_it(database: Database) -> None:
    """A dump of the database opens no account."""
    token = invites.create(database, "command line")

    assert len(token) == 43
    with database.read() as connection:
        raw: Any = connection.connection.driver_connection
        assert token not in "\n".join(raw.iterdump())


def test_an_invite_is_redeemed_once_by_twenty_at_once(either: Database) -> None:
    """ALLM 24-2913: one invite was redeemed by many at once."""
    token = invites.create(either, "command line")

    tasks = [partial(invites.redeem, either, token, newcomer(f"p{number}")) for number in range(20)]
    outcomes = all_at_once(*tasks)

    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, NotFound) for outcome in outcomes) == 19
    assert count(either, people) == 1


def test_five_uses_make_five_accounts_and_no_more(database: Database) -> None:
    token = invites.create(database, "command line", uses=5)

    tasks = [partial(invites.redeem, database, token, newcomer(f"p{number}")) for number in range(12)]
    outcomes = all_at_once(*tasks)

    assert sum(isinstance(outcome, int) for outcome in outcomes) == 5
    assert stored(database).uses_left == 0


def spend(database: Database, token: str) -> None:
    invites.redeem(database, token, newcomer("zoe"))


def run_out(database: Database, token: str) -> None:
    make_older(database, invites.DAYS)


def revoke(database: Database, token: str) -> None:
    invites.revoke(database, "command line", stored(database).id)


@pytest.mark.parametrize("happens", [spend, run_out, revoke])
def test_an_invite_that_is_over_is_as_one_that_never_was(database: Database, happens) -> None:
    token = invites.create(database, "command line")
    happens(database, token)
    before = count(database, people)

    for there_or_not in (token, "made-up"):
        with pytest.raises(NotFound):
            invites.find(database, there_or_not)
        with pytest.raises(NotFound):
            invites.redeem(database, there_or_not, newcomer())

    assert count(database, people) == before
    assert invites.list_open(database) == []


def test_an_invite_that_was_revoked_is_not_revoked_again(database: Database) -> None:
    invites.create(database, "command line")
    invite = stored(database).id
    invites.revoke(database, "command line", invite)

    with pytest.raises(NotFound):
        invites.revoke(database, "command line", invite)

    assert [row.action for row in audit.page(database)] == ["invite_revoked", "invite_made"]


def test_an_invite_for_one_e_mail_is_for_nobody_else(database: Database) -> None:
    token = invites.create(database, "command line", email="bob@example.org")

    with pytest.raises(NotFound):
        invites.redeem(database, token, newcomer("eve"))
    person = invites.redeem(database, token, newcomer("bob"))

    assert person
    assert count(database, people) == 1


def test_an_e_mail_that_has_an_account_uses_no_invite_up(either: Database) -> None:
    joined(either, "bob")
    token = invites.create(either, "command line")

    with pytest.raises(EmailTaken, match="Sign in instead"):
        invites.redeem(either, token, newcomer("bob"))

    assert invites.find(either, token).uses_left == 1
    assert [row.action for row in audit.page(either)] == ["invite_made"]


def test_the_same_e_mail_by_two_invites_at_once_is_one_account(either: Database) -> None:
    tokens = [invites.create(either, "command line") for _ in range(8)]

    outcomes = all_at_once(*[partial(invites.redeem, either, token, newcomer()) for token in tokens])

    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, EmailTaken) for outcome in outcomes) == 7
    assert count(either, people) == 1
    assert len(invites.list_open(either)) == 7


@pytest.mark.parametrize(
    "wish",
    [
        {"role": "guest"},
        {"role": "owner"},
        {"days": 0},
        {"days": 91},
        {"uses": 0},
        {"uses": 101},
        {"uses": -1},
        {"email": "bob@example.org", "uses": 2},
    ],
)
def test_what_no_invite_can_be_is_refused_in_a_sentence(database: Database, wish: dict) -> None:
    with pytest.raises(BadInvite, match=r"^(Choose|An invite for one email) .*\.$"):
        invites.create(database, "command line", **wish)

    assert count(database, invite_table) == 0


def test_admins_who_invite_the_same_people_at_once_leave_one_invite_for_each(either: Database) -> None:
    emails = ["bob@example.org", "cid@example.org"]
    wishes = [emails, emails[::-1]] * 4
    admins = [joined(either, f"admin{number}", "admin") for number in range(len(wishes))]

    tasks = [
        partial(invites.create_all, either, by, each, "member", 7) for by, each in zip(admins, wishes, strict=True)
    ]
    outcomes = all_at_once(*tasks)

    assert all(isinstance(outcome, list) for outcome in outcomes)
    assert sorted(row.email for row in invites.list_open(either)) == emails


def test_the_list_tells_who_made_an_invite_and_nothing_to_use_it_by(database: Database) -> None:
    ann = joined(database, "ann", "admin")
    token = invites.create(database, ann, uses=3)

    (row,) = invites.list_open(database)

    assert (row.maker, row.uses_left) == ("ann@example.org", 3)
    assert token not in str(tuple(row))


def test_invites_that_ran_out_long_ago_are_forgotten(database: Database) -> None:
    invites.create(database, "command line")
    make_older(database, invites.DAYS + 31)
    with database.read() as connection:
        assert connection.execute(select(invite_table.c.expires_at < clock())).scalar()

    invites.create(database, "command line")

    assert count(database, invite_table) == 1
