"""A pytest plugin that looks for marked secrets in whatever a test makes, and fails the test that shows one.

Every secret of the suite's settings holds MARK. It is looked for in each head and body that an app of this process
answers, or a server of ours over a socket of this process (tests/serving.py knows their ports); in each record of the
log with its traceback; and in the sentences of our errors. When a test has ended, it is looked for in the files it left
in its folder: databases, logs of servers, what scripts said. When a module has ended, in the files of the folders that
its fixtures made; at the end, in all that Postgres holds and wrote. tests/looking.py names the files that may hold it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.looking import searched, watching
from tests.watches import made, watch_all


def pytest_configure() -> None:
    """Stand where something may be shown."""
    watch_all()


@pytest.fixture(autouse=True)
def canary(request: pytest.FixtureRequest) -> Iterator[None]:
    """Look for secrets in whatever a test makes."""
    folders = [request.getfixturevalue("tmp_path")] if "tmp_path" in request.fixturenames else []
    made.difference_update(folders)
    with watching(*folders):
        yield


@pytest.fixture(scope="module", autouse=True)
def canary_of_module() -> Iterator[None]:
    """Look for secrets in what the fixtures of a module have left, once all of them have ended."""
    yield
    folders = sorted(made)
    made.clear()
    with watching(*folders):
        pass


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Have what was looked through be counted with the test."""
    try:
        yield
    finally:
        told = [("counted", (f"{what} were searched for secrets", number)) for what, number in searched.items()]
        item.user_properties.extend(told)
        searched.clear()
