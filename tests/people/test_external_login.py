"""Test users who arrive from an external sign-in, many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from chat.people import accounts, external_login
from chat.people.accounts import Refused
from chat.people.oidc import Identity
from chat.storage.database import Database
from chat.storage.tables import people as people_table
from tests.turns import count

ANN = Identity("https://sign-in.example 7", "ann@example.org", True, "Ann")


def test_somebody_who_comes_eight_times_at_once_is_one_member(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        elsewhere = set(pool.map(lambda _: external_login.login_by_oidc(database, ANN, ["example.org"]), range(8)))
        by_proxy = set(pool.map(lambda _: external_login.login_by_proxy(database, "bob@example.org", []), range(8)))

    assert len(elsewhere) == len(by_proxy) == 1
    assert count(database, people_table) == 2


def test_a_name_from_elsewhere_is_one_short_line(database: Database) -> None:
    who = Identity("https://sign-in.example 8", "eve@example.org", True, "Eve\n2026-11-24 admin\u202e")

    person = accounts.find(database, external_login.login_by_oidc(database, who, ["example.org"]))

    assert person is not None and person.name == "Eve 2026-11-24 admin"


def test_a_sign_in_elsewhere_is_no_ones_twice(database: Database) -> None:
    external_login.login_by_oidc(database, ANN, ["example.org"])
    with database.write() as connection:
        bob = accounts.create(connection, "bob@example.org", "member", "hash")

    with pytest.raises(Refused, match="connected to another account"):
        external_login.link(database, bob, ANN)
