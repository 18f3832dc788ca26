"""A pytest plugin that makes once a process what all apps of its tests have in common.

Templates, rules, statements, migrations and assets took most of the time of building an app and showing its first page.
Passwords are hashed quickly, unless a test asks for `real_hashes`. The tests of storage ask for `real_migrations`.
Servers that tests start in their own processes share nothing of this.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from werkzeug.routing import Rule

from chat.people import passwords
from chat.storage import engines, schema
from chat.web import assets

Statement = tuple[str, Any]

HASHER, run_migrations = passwords.HASHER, schema.run_migrations
"""The originals, which instances use."""

ran: dict[str, list[Statement]] = {}
"""The statements of the migrations of an empty database, by the kind of database."""


class Templates(BytecodeCache):
    """The compiled templates of this process; Jinja compares their sources."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a template if some app has compiled it."""
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template."""
        self.compiled[bucket.key] = bucket.bytecode_to_string()


def pytest_configure() -> None:
    """Replace the originals before any app is built."""
    passwords.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    assets.join_files, assets.load_plain = cache(assets.join_files), cache(assets.load_plain)
    Flask.jinja_options = {"bytecode_cache": Templates()}
    Rule.compile = remember_rules(Rule.compile)  # type: ignore[assignment, method-assign]
    share_statements()
    schema.run_migrations = repeat_migrations


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect the tests without looking for garbage; exempt them from that later, too: they stay to the end."""
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords as instances do."""
    monkeypatch.setattr(passwords, "HASHER", HASHER)
    monkeypatch.setattr(passwords, "dummy_hash", cache(passwords.dummy_hash.__wrapped__))


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Migrate as instances do."""
    monkeypatch.setattr(schema, "run_migrations", run_migrations)


def remember_rules(compile_rule: Callable[[Rule], None]) -> Callable[[Rule], None]:
    """Compile each rule once, and hand on what that adds to it."""
    known: dict[object, Rule] = {}

    def remembered(rule: Rule) -> None:
        first = known.setdefault((rule.rule, repr(rule.defaults), rule.merge_slashes, rule.host, rule.subdomain), rule)
        if first is rule:
            return compile_rule(rule)
        rule._parts, rule._trace, rule._converters = first._parts, first._trace, first._converters
        rule.arguments |= first.arguments
        rule._build = first._build.__func__.__get__(rule)  # type: ignore[attr-defined]
        rule._build_unknown = first._build_unknown.__func__.__get__(rule)  # type: ignore[attr-defined]

    return remembered


def share_statements() -> None:
    """Compile each statement for SQLite once: every engine has the same dialect and one cache."""
    SQLiteDialect_pysqlite.__hash__ = lambda dialect: hash(type(dialect))  # type: ignore[assignment, method-assign]
    SQLiteDialect_pysqlite.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign]
    compiled: dict[object, object] = {}

    def create(url: str, **options: Any) -> Engine:
        shared = {"compiled_cache": compiled} if url.startswith("sqlite") else {}
        return create_engine(url, **options, execution_options=shared)

    engines.create_engine = create  # type: ignore[attr-defined, assignment]


def repeat_migrations(connection: Connection) -> None:
    """Repeat the statements of another empty database's migrations."""
    kind = connection.dialect.name
    if schema.version_of(connection):
        run_migrations(connection)
    elif kind not in ran:
        ran[kind] = note_migrations(connection)
    else:
        for statement, values in ran[kind]:
            connection.exec_driver_sql(statement, values)


def note_migrations(connection: Connection) -> list[Statement]:
    """Run the migrations and return their statements."""
    statements: list[Statement] = []

    def note(*ran: Any) -> None:
        statements.append(ran[2:4])

    event.listen(connection, "before_cursor_execute", note)
    run_migrations(connection)
    event.remove(connection, "before_cursor_execute", note)
    return [statement for statement in statements if not statement[0].lstrip().startswith(("PRAGMA", "SELECT"))]
