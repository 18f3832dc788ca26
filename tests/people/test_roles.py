"""Test roles: a revoked right ends at once, and one admin always remains."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from chat import conversations as conversations_
from chat.conversations import Draft
from chat.people import audit, directory, invites, roles
from chat.people import password_resets as resets_
from chat.people.accounts import IS_ADMIN
from chat.people.invites import Newcomer
from chat.people.rate_limits import Asker
from chat.people.roles import LastAdmin
from chat.providers.base import Timeouts
from chat.registry import ProviderRegistry, records
from chat.registry.encryption import SecretBox
from chat.registry.form import ProviderForm
from chat.storage.database import Database, NotFound
from chat.storage.tables import conversations, messages, metadata, people, replies, resets, sessions
from tests.people.conftest import all_at_once, joined, person_of, signed_in
from tests.turns import CHOICE, answered, asked, count, grown

WAYS_DOWN = [
    lambda database, by, person: roles.change(database, by, person, "member"),
    roles.suspend,
    roles.remove,
]


def admins(database: Database) -> int:
    """Count the admins who can sign in."""
    with database.read() as connection:
        return len(connection.execute(select(people.c.id).where(IS_ADMIN)).all())


def test_a_member_becomes_an_admin_and_signs_in_anew(database: Database) -> None:
    ann, bob = joined(database, "ann", "admin"), joined(database, "bob")
    signed_in(database, bob.id)

    roles.change(database, ann, bob.id, "admin")

    assert person_of(database, bob.id).role == "admin"
    assert count(database, sessions) == 0
    assert audit.page(database)[0].subject == "bob@example.org is now an admin"


@pytest.mark.parametrize("way", WAYS_DOWN)
def test_the_last_admin_cannot_be_lost(either: Database, way) -> None:
    ann = joined(either, "ann", "admin")
    joined(either, "bob")
    roles.suspend(either, "command line", joined(either, "cid", "admin").id)
    signed_in(either, ann.id)

    with pytest.raises(LastAdmin, match=r"ann@example\.org is the only admin"):
        way(either, ann, ann.id)

    assert admins(either) == 1
    assert count(either, sessions) == 1


@pytest.mark.parametrize("way", WAYS_DOWN)
def test_two_admins_who_depose_each_other_at_once_leave_one(either: Database, way) -> None:
    """Without a lock, another change fits between the check and the change."""
    for number in range(5):
        ann, bob = (joined(either, f"{name}{number}", "admin") for name in ("ann", "bob"))

        outcomes = all_at_once(partial(way, either, ann, bob.id), partial(way, either, bob, ann.id))

        assert sum(isinstance(outcome, NotFound) for outcome in outcomes) == 1
        assert admins(either) == 1
        with either.write() as connection:
            connection.execute(people.delete())


@pytest.mark.parametrize("way", WAYS_DOWN)
def test_all_admins_who_step_down_at_once_leave_one(either: Database, way) -> None:
    everyone = [joined(either, f"a{number}", "admin") for number in range(8)]

    outcomes = all_at_once(*[partial(way, either, person, person.id) for person in everyone])

    assert sum(isinstance(outcome, LastAdmin) for outcome in outcomes) == 1
    assert admins(either) == 1


@pytest.mark.parametrize("way", WAYS_DOWN)
def test_who_is_no_admin_changes_nobody(database: Database, way) -> None:
    """OW 26-44553: a revoked role still counted in another place."""
    joined(database, "ann", "admin")
    bob, cid = joined(database, "bob"), joined(database, "cid")
    late = joined(database, "dan", "admin")
    roles.suspend(database, "command line", late.id)

    for actor in (bob, late):
        with pytest.raises(NotFound):
            way(database, actor, cid.id)

    assert person_of(database, cid.id).suspended_at is None


@pytest.mark.parametrize("way", [*WAYS_DOWN, roles.resume])
def test_a_guest_or_nobody_has_no_rights_to_change(database: Database, person: int, way) -> None:
    for nobody in (person, 999):
        with pytest.raises(NotFound):
            way(database, "command line", nobody)

    assert person_of(database, person).role == "guest"


MORE = Draft("More?", CHOICE)
ASKING = {
    "first": lambda database, asker, turn: conversations_.ask(database, asker, None, MORE),
    "next": lambda database, asker, turn: conversations_.ask(
        database, asker, turn.conversation_id, Draft("More?", CHOICE)
    ),
    "edit": lambda database, asker, turn: conversations_.edit(
        database, asker, turn.reply_id - 1, Draft("More?", CHOICE)
    ),
    "try again": lambda database, asker, turn: conversations_.try_again(database, asker, turn.reply_id, CHOICE),
    "continue": lambda database, asker, turn: conversations_.continue_reply(database, asker, turn.reply_id),
}


@pytest.mark.parametrize("way", ASKING.values(), ids=ASKING)
def test_what_was_on_its_way_when_somebody_was_suspended_is_not_answered(database: Database, way) -> None:
    """OW 26-59219: a second way in that ignored the suspension."""
    joined(database, "ann", "admin")
    bob = joined(database, "bob")
    turn = answered(database, asked(database, bob.id), state="interrupted")
    before = count(database, messages), count(database, replies)

    roles.suspend(database, "command line", bob.id)

    with pytest.raises(NotFound):
        way(database, Asker(bob.id), turn)
    assert (count(database, messages), count(database, replies)) == before


def test_who_asks_at_the_moment_of_being_suspended_has_nothing_written(either: Database) -> None:
    joined(either, "ann", "admin")
    for number in range(5):
        bob = joined(either, f"bob{number}")
        turn = answered(either, asked(either, bob.id))

        outcomes = all_at_once(
            partial(roles.suspend, either, "command line", bob.id),
            *[partial(way, either, Asker(bob.id), turn) for way in list(ASKING.values())[:4]],
        )

        assert not [outcome for outcome in outcomes if isinstance(outcome, DBAPIError)]
        with either.read() as connection:
            running = select(replies.c.id).where(replies.c.state == "generating", ~replies.c.stop)
            assert connection.execute(running).all() == []


@pytest.mark.parametrize("way", WAYS_DOWN)
def test_a_link_that_an_admin_made_for_another_is_over_with_the_right(database: Database, way) -> None:
    """A second way in, after the right to it was gone: ALLM 26-32717."""
    ann, bob = joined(database, "ann", "admin"), joined(database, "bob", "admin")
    token = directory.create_reset(database, bob, ann.id)

    way(database, ann, bob.id)

    with pytest.raises(NotFound):
        resets_.find(database, token)


DOING = {
    "invite": lambda database, by: invites.create(database, by, "admin"),
    "reset link": lambda database, by: directory.create_reset(database, by, by.id),
    "person": lambda database, by: directory.add(database, by, "eve@example.org", "admin", "", None),
    "provider": lambda database, by: records.add(
        ProviderRegistry(database, SecretBox(["s" * 40]), {}, Timeouts()),
        by,
        ProviderForm("evil", "openai", "http://evil.example/v1"),
    ),
}


@pytest.mark.parametrize("do", DOING.values(), ids=DOING)
@pytest.mark.parametrize("way", WAYS_DOWN)
def test_what_an_admin_began_before_the_right_was_gone_is_not_done(either: Database, way, do) -> None:
    """OW 26-44553, 26-59219: a request that began long ago, and whose body came late."""
    ann, bob = joined(either, "ann", "admin"), joined(either, "bob", "admin")
    way(either, ann, bob.id)

    with pytest.raises(NotFound):
        do(either, bob)


@pytest.mark.parametrize("role", ["guest", "owner", ""])
def test_there_are_no_other_roles(database: Database, role: str) -> None:
    bob = joined(database, "bob")

    with pytest.raises(NotFound):
        roles.change(database, "command line", bob.id, role)

    assert person_of(database, bob.id).role == "member"


@pytest.mark.parametrize("way", WAYS_DOWN)
def test_what_an_admin_was_let_in_by_is_over_with_the_right(database: Database, way) -> None:
    joined(database, "ann", "admin")
    bob = joined(database, "bob", "admin")
    others = joined(database, "cid", "admin")
    signed_in(database, bob.id, browsers=3)
    signed_in(database, others.id)
    token, kept = invites.create(database, bob, "admin"), invites.create(database, others)

    way(database, "command line", bob.id)

    assert count(database, sessions) == 1
    assert invites.find(database, kept)
    with pytest.raises(NotFound):
        invites.redeem(database, token, Newcomer("bob2@example.org", "Bob", "a hash"))


def test_a_suspended_person_keeps_no_way_in_and_comes_back_with_everything(database: Database) -> None:
    bob = joined(database, "bob")
    asked(database, bob.id)
    signed_in(database, bob.id)
    with database.write() as connection:
        connection.execute(insert(resets).values(digest="d", person_id=bob.id, expires_at=2**40))

    roles.suspend(database, "command line", bob.id)
    suspended = person_of(database, bob.id).suspended_at
    roles.resume(database, "command line", bob.id)

    assert suspended and person_of(database, bob.id).suspended_at is None
    assert [count(database, table) for table in (sessions, resets, conversations)] == [0, 0, 1]
    assert [row.action for row in audit.page(database)] == ["resumed", "suspended"]


def test_doing_it_again_changes_nothing_and_is_not_noted(database: Database) -> None:
    bob = joined(database, "bob")

    for _ in range(2):
        roles.change(database, "command line", bob.id, "member")
        roles.resume(database, "command line", bob.id)
    roles.suspend(database, "command line", bob.id)
    roles.suspend(database, "command line", bob.id)

    assert [row.action for row in audit.page(database)] == ["suspended"]


def test_who_is_removed_takes_all_that_was_theirs_along(either: Database) -> None:
    """Deleted rows are gone, not flagged."""
    bob, other = joined(either, "bob"), joined(either, "cid")
    for person in (bob, other):
        asked(either, person.id, "A secret of theirs")
        signed_in(either, person.id)
    asked(either, bob.id)

    running = roles.remove(either, "command line", bob.id)

    assert len(running) == 2
    assert person_of(either, bob.id) is None
    assert [count(either, table) for table in (people, conversations, messages, sessions)] == [1, 1, 2, 1]
    assert audit.page(either)[0].subject == "bob@example.org"


def test_however_long_it_was_what_was_said_goes(either: Database) -> None:
    bob = joined(either, "bob")
    grown(either, bob.id, 1500)

    roles.remove(either, "command line", bob.id)

    assert count(either, messages) == 0


def test_a_removal_that_breaks_off_leaves_them_suspended_and_is_done_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = joined(database, "bob")
    asked(database, bob.id)
    with monkeypatch.context() as broken:
        broken.setattr(roles, "delete_conversations", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            roles.remove(database, "command line", bob.id)
    left = person_of(database, bob.id)

    roles.remove(database, "command line", bob.id)

    assert left and left.suspended_at
    assert [count(database, table) for table in (people, conversations)] == [0, 0]
    assert [row.action for row in audit.page(database)] == ["removed"]


def test_every_table_that_names_a_person_forgets_one_who_is_removed() -> None:
    rules = {
        f"{table.name}.{key.parent.name}": key.ondelete
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table is people
    }

    assert rules.pop("invites.made_by") == "SET NULL"
    assert set(rules.values()) == {"CASCADE"}


def test_nothing_that_was_said_is_left_in_the_file(database: Database) -> None:
    """After a checkpoint, the file no longer contains deleted text."""
    bob = joined(database, "bob")
    for _ in range(20):
        asked(database, bob.id, "the-words-that-were-said " * 200)

    roles.remove(database, "command line", bob.id)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    file = database.engine.url.database
    assert file and b"the-words-that-were-said" not in Path(file).read_bytes()
