"""The providers of admins: stored encrypted, the same in all workers, and looked up for next to nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from chat import registry as room
from chat.providers.base import AbstractProvider, Model, Timeouts
from chat.providers.openai import OpenAICompatible
from chat.registry import BadService, Entered, Services
from chat.registry.encryption import Vault
from chat.storage.database import Database, NotFound
from chat.storage.tables import audit, hidden_models
from chat.storage.tables import services as table
from tests.scripted import Scripted

OLD, NEW = secrets.token_hex(32), secrets.token_hex(32)
KEY = "sk-abcdefgh12345678"
URL = "https://models.acme.test/v1"
ACME = Entered("acme", "openai", URL, KEY)
ADMIN = "ann@example.org"


def services_of(
    database: Database, *secrets: str, configured: Mapping[str, AbstractProvider] | None = None
) -> Services:
    """Give the services as another worker, or a later start, has them."""
    services = Services(database, Vault(secrets or (NEW,)), configured or {}, Timeouts())
    services.begin()
    return services


@pytest.fixture
def services(database: Database, provider: Scripted) -> Services:
    """The services of one worker."""
    return services_of(database, configured={"scripted": provider})


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Note what is asked of a database."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


def key_of(services: Services, name: str = "acme") -> str:
    """Read the key that a provider would send."""
    provider = services[name]
    assert isinstance(provider, OpenAICompatible)
    return provider._key


def stored(database: Database, name: str = "acme"):
    """Read the row of a provider."""
    with database.read() as connection:
        return connection.execute(select(table).where(table.c.name == name)).one()


def test_a_provider_that_was_added_is_there_and_its_key_is_stored_encrypted(
    database: Database, services: Services, tmp_path: Path
) -> None:
    services.add(ADMIN, ACME)

    row = stored(database)
    assert list(services) == ["scripted", "acme"] and key_of(services) == KEY
    assert (row.url, row.key_end, row.enabled) == (URL, "5678", True)
    files = b"".join(path.read_bytes() for path in tmp_path.glob("rivulet.db*"))
    assert b"acme" in files and b"abcdefgh" not in files


def test_another_worker_hears_of_it_at_its_next_look(
    database: Database, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = services_of(database)
    services.add(ADMIN, ACME)
    assert "acme" not in other

    monkeypatch.setattr(other, "_due", 0.0)

    assert key_of(other) == KEY


def test_a_look_is_one_statement_and_until_the_next_one_is_due_none(
    database: Database, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_due", 0.0)

    with statements(database) as asked:
        for _ in range(10):
            services.get("scripted")

    assert len(asked) == 1


def test_within_a_transaction_nothing_is_looked_at(
    database: Database, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_due", 0.0)

    with database.read(), statements(database) as asked:
        assert list(services) == ["scripted"]

    assert asked == []


def test_where_the_database_fails_what_is_known_holds(
    database: Database, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.add(ADMIN, ACME)
    monkeypatch.setattr(services, "_due", 0.0)

    def fail(*_: object) -> str:
        raise OperationalError("SELECT", {}, Exception("the disk is gone"))

    monkeypatch.setattr(room.records, "version", fail)

    assert list(services) == ["scripted", "acme"]


def test_a_provider_that_did_not_change_stays_the_same_object(services: Services) -> None:
    services.add(ADMIN, ACME)
    before = services["acme"]

    services.add(ADMIN, Entered("other", "aivvm", "http://127.0.0.1:9"))

    assert services["acme"] is before


def test_without_a_key_the_old_one_is_kept_at_the_same_address(services: Services) -> None:
    services.add(ADMIN, ACME)

    services.change(ADMIN, Entered("acme", "openai", URL))

    assert key_of(services) == KEY


@pytest.mark.parametrize(
    "url", ["https://models.acme.test.evil.test/v1", "http://models.acme.test/v1", "https://models.acme.test/v2"]
)
def test_a_key_goes_to_no_other_address_than_it_was_entered_for(services: Services, url: str) -> None:
    """Hold LB 24-37895, NC 26-82639: a key is never sent to a host that was put in the place of its own."""
    services.add(ADMIN, ACME)

    with pytest.raises(BadService, match="Enter the key"):
        services.change(ADMIN, Entered("acme", "openai", url))
    assert services["acme"].url == URL

    services.change(ADMIN, Entered("acme", "openai", url, "sk-another-key-1234"))
    assert (services["acme"].url, key_of(services)) == (url, "sk-another-key-1234")


def test_an_address_that_was_changed_in_the_database_alone_gets_no_key(database: Database, services: Services) -> None:
    """Hold LB 24-37895: writing to the database is not enough to have a key sent elsewhere."""
    services.add(ADMIN, ACME)
    with database.write() as connection:
        connection.execute(update(table).values(url="https://evil.test/v1"))

    later = services_of(database)

    assert "acme" not in later and "Enter the key again" in later.find("acme").problem()


def test_after_a_rotation_keys_open_and_are_encrypted_anew_so_that_the_old_secret_can_go(database: Database) -> None:
    services_of(database, OLD).add(ADMIN, ACME)
    before = stored(database).key

    rotated = services_of(database, NEW, OLD)
    after = services_of(database, NEW)

    assert key_of(rotated) == key_of(after) == KEY
    assert stored(database).key != before


def test_a_start_with_nothing_to_encrypt_anew_writes_nothing(database: Database, services: Services) -> None:
    services.add(ADMIN, ACME)

    with statements(database) as asked:
        services_of(database)

    assert asked and not [statement for statement in asked if not statement.lstrip().startswith("SELECT")]


def test_with_another_secret_the_start_goes_well_and_the_key_is_asked_for(database: Database) -> None:
    services_of(database, OLD).add(ADMIN, ACME)

    lost = services_of(database, NEW)

    assert "acme" not in lost
    assert lost.find("acme").problem().startswith("Its key can't be read")
    lost.change(ADMIN, ACME)
    assert key_of(lost) == KEY and lost.find("acme").problem() == ""


def test_a_worker_that_still_has_the_old_secret_breaks_on_nothing(database: Database) -> None:
    """Two workers share a database while the key is being changed."""
    old = services_of(database, OLD)
    old.add(ADMIN, ACME)

    new = services_of(database, NEW, OLD)
    new.add(ADMIN, Entered("other", "openai", URL, KEY))
    old.look()

    assert list(new) == ["acme", "other"]
    assert "other" not in old and "can't be read" in old.find("other").problem()


def test_a_provider_of_the_environment_is_turned_off_and_on_and_not_changed(
    database: Database, services: Services, provider: Scripted
) -> None:
    for change in (
        lambda: services.change(ADMIN, Entered("scripted", "openai", URL)),
        lambda: services.remove(ADMIN, "scripted"),
    ):
        with pytest.raises(NotFound):
            change()

    services.switch(ADMIN, "scripted", on=False)
    restarted = services_of(database, configured={"scripted": provider})
    assert list(services) == list(restarted) == []
    for change in (
        lambda: services.change(ADMIN, Entered("scripted", "openai", URL)),
        lambda: services.remove(ADMIN, "scripted"),
    ):
        with pytest.raises(NotFound):
            change()

    services.switch(ADMIN, "scripted", on=True)
    assert list(services) == ["scripted"]


def test_a_name_is_used_once(services: Services) -> None:
    services.add(ADMIN, ACME)

    for name in ("ACME", "scripted", "openai"):
        with pytest.raises(BadService):
            services.add(ADMIN, Entered(name, "openai", URL))


def race(database: Database) -> list[bool]:
    """Let twenty admins add a provider of the same name at once; tells who did."""
    services = services_of(database)

    def add(number: int) -> bool:
        try:
            services.add(ADMIN, Entered(["acme", "Acme"][number % 2], "openai", URL, f"sk-key-of-number-{number}"))
        except BadService:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(add, range(20)))


def test_of_twenty_who_add_the_same_name_at_once_one_does(either: Database) -> None:
    assert race(either).count(True) == 1


def test_what_is_deleted_is_gone_with_all_that_was_hidden_of_it(database: Database, services: Services) -> None:
    services.add(ADMIN, ACME)
    with database.write() as connection:
        room.records.offer(connection, "acme", "gpt", on=False)

    services.remove(ADMIN, "acme")

    with database.read() as connection:
        assert connection.execute(select(hidden_models)).all() == []
    with pytest.raises(NotFound):
        services.find("acme")


@pytest.mark.parametrize("name", ["nope", "", "../x"])
def test_what_is_not_there_is_not_found_by_any_change(services: Services, name: str) -> None:
    for change in (
        lambda: services.change(ADMIN, Entered(name, "openai", URL)),
        lambda: services.switch(ADMIN, name, on=False),
        lambda: services.remove(ADMIN, name),
        lambda: services.offer(ADMIN, name, "small", on=False),
        lambda: services.begin_with(ADMIN, name, "small"),
    ):
        with pytest.raises(NotFound):
            change()


def test_only_a_model_that_is_listed_is_hidden_or_begun_with(services: Services) -> None:
    with pytest.raises(NotFound):
        services.offer(ADMIN, "scripted", "x" * 5_000, on=False)
    with pytest.raises(NotFound):
        services.begin_with(ADMIN, "scripted", "nope")


def test_hiding_twice_is_hiding_once(services: Services) -> None:
    for on in (False, False):
        services.offer(ADMIN, "scripted", "small", on)
    assert services.now().hidden == {("scripted", "small")}

    for on in (True, True):
        services.offer(ADMIN, "scripted", "small", on)
    assert services.now().hidden == frozenset()


def test_each_change_is_noted_without_a_key(database: Database, services: Services) -> None:
    services.add(ADMIN, ACME)
    services.change(ADMIN, ACME)
    services.change(ADMIN, Entered("acme", "openai", URL))
    services.switch(ADMIN, "acme", on=False)
    services.switch(ADMIN, "acme", on=True)
    services.offer(ADMIN, "scripted", "small", on=False)
    services.offer(ADMIN, "scripted", "small", on=True)
    services.begin_with(ADMIN, "scripted", "large")
    services.remove(ADMIN, "acme")

    with database.read() as connection:
        noted = connection.execute(select(audit).order_by(audit.c.id)).all()
    assert [row.action for row in noted] == [
        "provider_added",
        "key_changed",
        "provider_changed",
        "provider_off",
        "provider_on",
        "model_off",
        "model_on",
        "model_first",
        "provider_deleted",
    ]
    assert {row.actor for row in noted} == {ADMIN}
    assert not [row for row in noted if "abcdefgh" in row.subject]


def test_a_row_of_a_kind_that_is_not_known_is_told_of_and_breaks_nothing(
    database: Database, services: Services
) -> None:
    services.add(ADMIN, ACME)
    with database.write() as connection:
        connection.execute(update(table).values(kind="newer"))

    later = services_of(database)

    assert "acme" not in later and "doesn't know the protocol" in later.find("acme").problem()


def test_an_address_of_the_environment_is_shown_without_its_secrets(database: Database) -> None:
    provider = OpenAICompatible("https://user:password@models.acme.test:8443/v1?key=abc", KEY)

    service = services_of(database, configured={"openai": provider}).find("openai")

    assert service.url == "https://models.acme.test:8443/v1"
    assert KEY not in repr(service)


def test_a_model_that_does_not_seem_to_chat_is_offered_once_an_admin_turns_it_on(
    database: Database, services: Services, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "others", lambda: [Model("whisper-1", "Whisper")])
    offered = [[model.id for model in services.now().models("scripted")]]

    for on in (True, False):
        services.offer(ADMIN, "scripted", "whisper-1", on)
        later = services_of(database, configured={"scripted": provider})
        offered.append([model.id for model in later.now().models("scripted")])

    assert offered == [["small", "large"], ["small", "large", "whisper-1"], ["small", "large"]]
