"""A pytest plugin that makes once in a process what is the same in every app of its tests.

Templates, rules and migrations took two thirds of the time that it takes to build an app and show its first page.
Passwords are hashed quickly, except where a test asks for `real_hashes`. Tests of storage ask for `real_migrations`.
Servers in processes of their own share nothing of this.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, event
from werkzeug.routing import Rule

from chat.people import passwords
from chat.storage import schema

Statement = tuple[str, Any]

HASHER, run_migrations = passwords.HASHER, schema.run_migrations
"""What instances use."""

ran: dict[str, list[Statement]] = {}
"""What the migrations of an empty database ran, by the kind of database."""


class Templates(BytecodeCache):
    """The templates that an app of this process has compiled; Jinja compares what they were compiled from."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what is known of a template."""
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template."""
        self.compiled[bucket.key] = bucket.bytecode_to_string()


def pytest_configure() -> None:
    """Share it, before any app is built."""
    passwords.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    Flask.jinja_options = {"bytecode_cache": Templates()}
    Rule._compile_builder = remember_builders(Rule._compile_builder)  # type: ignore[method-assign]
    schema.run_migrations = repeat_migrations


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords as instances do."""
    monkeypatch.setattr(passwords, "HASHER", HASHER)
    monkeypatch.setattr(passwords, "dummy_hash", cache(passwords.dummy_hash.__wrapped__))


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Migrate as instances do."""
    monkeypatch.setattr(schema, "run_migrations", run_migrations)


def remember_builders(compile_builder: Callable[..., Any]) -> Callable[..., Any]:
    """Remember what writes the addresses of a rule, which finds its converters in the rule that it is given."""
    known: dict[object, Any] = {}

    def remembered(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    return remembered


def repeat_migrations(connection: Connection) -> None:
    """Run the statements that the migrations of another empty database ran."""
    kind = connection.dialect.name
    if schema.version_of(connection):
        run_migrations(connection)
    elif kind not in ran:
        ran[kind] = note_migrations(connection)
    else:
        for statement, values in ran[kind]:
            connection.exec_driver_sql(statement, values)


def note_migrations(connection: Connection) -> list[Statement]:
    """Run the migrations; gives the statements that they ran."""
    statements: list[Statement] = []

    def note(*ran: Any) -> None:
        statements.append(ran[2:4])

    event.listen(connection, "before_cursor_execute", note)
    run_migrations(connection)
    event.remove(connection, "before_cursor_execute", note)
    return [statement for statement in statements if not statement[0].lstrip().startswith(("PRAGMA", "SELECT"))]
