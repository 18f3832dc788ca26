"""Test the names of cookies: they contain the instance's mark."""

from __future__ import annotations

from pathlib import Path

from tests.asking import named
from tests.team import signed_in, team


def test_two_instances_with_one_secret_have_other_names(tmp_path: Path) -> None:
    first, second = (signed_in(team(tmp_path / name)) for name in ("first", "second"))

    names = [{cookie.key for cookie in (client._cookies or {}).values()} for client in (first, second)]

    assert len(names[0]) == len(names[1]) == 2 and not names[0] & names[1]


def test_workers_and_restarts_of_one_instance_have_one_name(tmp_path: Path) -> None:
    assert named(team(tmp_path).test_client()) == named(team(tmp_path).test_client())
