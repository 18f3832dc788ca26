"""Test the providers of admins: stored encrypted, the same in all workers, and cheap to look up."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from chat.providers.base import AbstractProvider, Model, Timeouts
from chat.providers.openai import OpenAICompatible
from chat.registry import ProviderRegistry, records, rows
from chat.registry.encryption import SecretBox
from chat.registry.form import InvalidProvider, ProviderForm
from chat.storage.database import Database, NotFound
from chat.storage.tables import audit, hidden_models
from chat.storage.tables import services as table
from tests.scripted import Scripted

OLD, NEW = secrets.token_hex(32), secrets.token_hex(32)
KEY = "sk-abcdefgh12345678"
URL = "https://models.acme.test/v1"
ACME = ProviderForm("acme", "openai", URL, KEY)
ADMIN = "ann@example.org"


def registry_of(
    database: Database, *secrets: str, configured: Mapping[str, AbstractProvider] | None = None
) -> ProviderRegistry:
    """Return the registry of another worker, or of a later start."""
    registry = ProviderRegistry(database, SecretBox(secrets or (NEW,)), configured or {}, Timeouts())
    records.reencrypt(registry)
    registry.refresh()
    return registry


@pytest.fixture
def registry(database: Database, provider: Scripted) -> ProviderRegistry:
    """The registry of one worker."""
    return registry_of(database, configured={"scripted": provider})


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Record the statements on a database."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


def key_of(registry: ProviderRegistry, name: str = "acme") -> str:
    """Read the key that a provider would send."""
    provider = registry[name]
    assert isinstance(provider, OpenAICompatible)
    return provider._key


def stored(database: Database, name: str = "acme"):
    """Read the row of a provider."""
    with database.read() as connection:
        return connection.execute(select(table).where(table.c.name == name)).one()


def test_a_provider_that_was_added_is_there_and_its_key_is_stored_encrypted(
    database: Database, registry: ProviderRegistry, tmp_path: Path
) -> None:
    records.add(registry, ADMIN, ACME)

    row = stored(database)
    assert list(registry) == ["scripted", "acme"] and key_of(registry) == KEY
    assert (row.url, row.key_end, row.enabled) == (URL, "5678", True)
    files = b"".join(path.read_bytes() for path in tmp_path.glob("rivulet.db*"))
    assert b"acme" in files and b"abcdefgh" not in files


def test_another_worker_hears_of_it_at_its_next_look(
    database: Database, registry: ProviderRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = registry_of(database)
    records.add(registry, ADMIN, ACME)
    assert "acme" not in other

    monkeypatch.setattr(other, "_due", 0.0)

    assert key_of(other) == KEY


def test_a_look_is_one_statement_and_until_the_next_one_is_due_none(
    database: Database, registry: ProviderRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_due", 0.0)

    with statements(database) as asked:
        for _ in range(10):
            registry.get("scripted")

    assert len(asked) == 1


def test_within_a_transaction_nothing_is_looked_at(
    database: Database, registry: ProviderRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_due", 0.0)

    with database.read(), statements(database) as asked:
        assert list(registry) == ["scripted"]

    assert asked == []


def test_where_the_database_fails_what_is_known_holds(
    database: Database, registry: ProviderRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.add(registry, ADMIN, ACME)
    assert "acme" in registry
    monkeypatch.setattr(registry, "_due", 0.0)

    def fail(*_: object) -> str:
        raise OperationalError("SELECT", {}, Exception("the disk is gone"))

    monkeypatch.setattr(rows, "option", fail)

    assert list(registry) == ["scripted", "acme"]


def test_a_provider_that_did_not_change_stays_the_same_object(registry: ProviderRegistry) -> None:
    records.add(registry, ADMIN, ACME)
    before = registry["acme"]

    records.add(registry, ADMIN, ProviderForm("other", "aivvm", "http://127.0.0.1:9"))

    assert registry["acme"] is before


def test_without_a_key_the_old_one_is_kept_at_the_same_address(registry: ProviderRegistry) -> None:
    records.add(registry, ADMIN, ACME)

    records.change(registry, ADMIN, ProviderForm("acme", "openai", URL))

    assert key_of(registry) == KEY


@pytest.mark.parametrize(
    "url", ["https://models.acme.test.evil.test/v1", "http://models.acme.test/v1", "https://models.acme.test/v2"]
)
def test_a_key_goes_to_no_other_address_than_it_was_entered_for(registry: ProviderRegistry, url: str) -> None:
    """Hold LB 24-37895, NC 26-82639: a key never goes to a host that replaced its own."""
    records.add(registry, ADMIN, ACME)

    with pytest.raises(InvalidProvider, match="enter the API key again"):
        records.change(registry, ADMIN, ProviderForm("acme", "openai", url))
    assert registry["acme"].url == URL

    records.change(registry, ADMIN, ProviderForm("acme", "openai", url, "sk-another-key-1234"))
    assert (registry["acme"].url, key_of(registry)) == (url, "sk-another-key-1234")


def test_an_address_that_was_changed_in_the_database_alone_gets_no_key(
    database: Database, registry: ProviderRegistry
) -> None:
    """Hold LB 24-37895: writing to the database is not enough to redirect a key."""
    records.add(registry, ADMIN, ACME)
    with database.write() as connection:
        connection.execute(update(table).values(url="https://evil.test/v1"))

    later = registry_of(database)

    assert "acme" not in later and "Enter the API key again" in later.find("acme").problem()


def test_after_a_rotation_keys_open_and_are_encrypted_anew_so_that_the_old_secret_can_go(database: Database) -> None:
    records.add(registry_of(database, OLD), ADMIN, ACME)
    before = stored(database).key

    rotated = registry_of(database, NEW, OLD)
    after = registry_of(database, NEW)

    assert key_of(rotated) == key_of(after) == KEY
    assert stored(database).key != before


def test_a_start_with_nothing_to_encrypt_anew_writes_nothing(database: Database, registry: ProviderRegistry) -> None:
    records.add(registry, ADMIN, ACME)

    with statements(database) as asked:
        registry_of(database)

    assert asked and not [statement for statement in asked if not statement.lstrip().startswith("SELECT")]


def test_with_another_secret_the_start_goes_well_and_the_key_is_asked_for(database: Database) -> None:
    records.add(registry_of(database, OLD), ADMIN, ACME)

    lost = registry_of(database, NEW)

    assert "acme" not in lost
    assert lost.find("acme").problem().startswith("The stored API key can't be decrypted")
    records.change(lost, ADMIN, ACME)
    assert key_of(lost) == KEY and lost.find("acme").problem() == ""


def test_a_worker_that_still_has_the_old_secret_breaks_on_nothing(database: Database) -> None:
    """Two workers share a database during the change of SECRET_KEY."""
    old = registry_of(database, OLD)
    records.add(old, ADMIN, ACME)

    new = registry_of(database, NEW, OLD)
    records.add(new, ADMIN, ProviderForm("other", "openai", URL, KEY))
    old.refresh()

    assert list(new) == ["acme", "other"]
    assert "other" not in old and "can't be decrypted" in old.find("other").problem()


def test_a_provider_of_the_environment_is_turned_off_and_on_and_not_changed(
    database: Database, registry: ProviderRegistry, provider: Scripted
) -> None:
    for change in (
        lambda: records.change(registry, ADMIN, ProviderForm("scripted", "openai", URL)),
        lambda: records.remove(registry, ADMIN, "scripted"),
    ):
        with pytest.raises(NotFound):
            change()

    records.set_enabled(registry, ADMIN, "scripted", on=False)
    restarted = registry_of(database, configured={"scripted": provider})
    assert list(registry) == list(restarted) == []
    for change in (
        lambda: records.change(registry, ADMIN, ProviderForm("scripted", "openai", URL)),
        lambda: records.remove(registry, ADMIN, "scripted"),
    ):
        with pytest.raises(NotFound):
            change()

    records.set_enabled(registry, ADMIN, "scripted", on=True)
    assert list(registry) == ["scripted"]


def test_a_name_is_used_once(registry: ProviderRegistry) -> None:
    records.add(registry, ADMIN, ACME)

    for name in ("ACME", "scripted", "openai"):
        with pytest.raises(InvalidProvider):
            records.add(registry, ADMIN, ProviderForm(name, "openai", URL))


def race(database: Database) -> list[bool]:
    """Let twenty admins add a provider of the same name at once; return who succeeded."""
    registry = registry_of(database)

    def add(number: int) -> bool:
        try:
            records.add(
                registry, ADMIN, ProviderForm(["acme", "Acme"][number % 2], "openai", URL, f"sk-key-of-number-{number}")
            )
        except InvalidProvider:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(add, range(20)))


def test_of_twenty_who_add_the_same_name_at_once_one_does(either: Database) -> None:
    assert race(either).count(True) == 1


def test_what_is_deleted_is_gone_with_all_that_was_hidden_of_it(database: Database, registry: ProviderRegistry) -> None:
    records.add(registry, ADMIN, ACME)
    with database.write() as connection:
        records.set_hidden(connection, "acme", "gpt", hidden=True)

    records.remove(registry, ADMIN, "acme")

    with database.read() as connection:
        assert connection.execute(select(hidden_models)).all() == []
    with pytest.raises(NotFound):
        registry.find("acme")


@pytest.mark.parametrize("name", ["nope", "", "../x"])
def test_what_is_not_there_is_not_found_by_any_change(registry: ProviderRegistry, name: str) -> None:
    for change in (
        lambda: records.change(registry, ADMIN, ProviderForm(name, "openai", URL)),
        lambda: records.set_enabled(registry, ADMIN, name, on=False),
        lambda: records.remove(registry, ADMIN, name),
        lambda: records.save_models(registry, ADMIN, name, off=["small"]),
        lambda: records.save_models(registry, ADMIN, name, default="small"),
    ):
        with pytest.raises(NotFound):
            change()


def test_only_a_model_that_is_listed_is_hidden_or_begun_with(registry: ProviderRegistry) -> None:
    with pytest.raises(NotFound):
        records.save_models(registry, ADMIN, "scripted", on=["small"], off=["x" * 5_000])
    with pytest.raises(NotFound):
        records.save_models(registry, ADMIN, "scripted", default="nope")


def test_hiding_twice_is_hiding_once(registry: ProviderRegistry) -> None:
    for _ in range(2):
        records.save_models(registry, ADMIN, "scripted", off=["small"])
    assert registry.now().hidden == {("scripted", "small")}

    for _ in range(2):
        records.save_models(registry, ADMIN, "scripted", on=["small"])
    assert registry.now().hidden == frozenset()


def test_each_change_is_noted_without_a_key(database: Database, registry: ProviderRegistry) -> None:
    records.add(registry, ADMIN, ACME)
    records.change(registry, ADMIN, ACME)
    records.change(registry, ADMIN, ProviderForm("acme", "openai", URL))
    records.set_enabled(registry, ADMIN, "acme", on=False)
    records.set_enabled(registry, ADMIN, "acme", on=True)
    records.save_models(registry, ADMIN, "scripted", off=["small"])
    records.save_models(registry, ADMIN, "scripted", on=["small"], off=["large"], default="small")
    records.save_models(registry, ADMIN, "scripted", on=["small", "large"])
    records.save_models(registry, ADMIN, "scripted")
    records.remove(registry, ADMIN, "acme")

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
        "model_off",
        "model_first",
        "model_on",
        "provider_deleted",
    ]
    assert noted[6].subject == "scripted/small" and noted[9].subject == "scripted, 2 models: small, large"
    assert {row.actor for row in noted} == {ADMIN}
    assert not [row for row in noted if "abcdefgh" in row.subject]


def test_a_row_of_a_kind_that_is_not_known_is_told_of_and_breaks_nothing(
    database: Database, registry: ProviderRegistry
) -> None:
    records.add(registry, ADMIN, ACME)
    with database.write() as connection:
        connection.execute(update(table).values(kind="newer"))

    later = registry_of(database)

    assert "acme" not in later and "Unknown API type" in later.find("acme").problem()


def test_an_address_of_the_environment_is_shown_without_its_secrets(database: Database) -> None:
    provider = OpenAICompatible("https://user:password@models.acme.test:8443/v1?key=abc", KEY)

    service = registry_of(database, configured={"openai": provider}).find("openai")

    assert service.url == "https://models.acme.test:8443/v1"
    assert KEY not in repr(service)


def test_a_model_that_does_not_seem_to_chat_is_offered_once_an_admin_turns_it_on(
    database: Database, registry: ProviderRegistry, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "others", lambda: [Model("whisper-1", "Whisper")])
    offered = [[model.id for model in registry.now().models("scripted")]]

    for on, off in ([["whisper-1"], []], [[], ["whisper-1"]]):
        records.save_models(registry, ADMIN, "scripted", on, off)
        later = registry_of(database, configured={"scripted": provider})
        offered.append([model.id for model in later.now().models("scripted")])

    assert offered == [["small", "large"], ["small", "large", "whisper-1"], ["small", "large"]]
