"""A pytest plugin that searches all output of a test for marked secrets, and fails the test if it finds one.

Every secret in the tests' settings contains MARK. The plugin searches each response of an app in this process; each
response of our servers that this process reads (tests/serving.py knows their ports); each log record with its
traceback; and the text of our errors. After a test it searches the files in the test's folder, such as databases and
logs; after a module, the folders of its fixtures; at the end, all contents and logs of Postgres. tests/looking.py names
the files that may contain a secret.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.looking import searched, watching
from tests.watches import made, watch_all


def pytest_configure() -> None:
    """Watch everything that could show a secret."""
    watch_all()


@pytest.fixture(autouse=True)
def canary(request: pytest.FixtureRequest) -> Iterator[None]:
    """Search a test's output for secrets."""
    folders = [request.getfixturevalue("tmp_path")] if "tmp_path" in request.fixturenames else []
    made.difference_update(folders)
    with watching(*folders):
        yield


@pytest.fixture(scope="module", autouse=True)
def canary_of_module() -> Iterator[None]:
    """Search the folders of a module's fixtures after their end."""
    yield
    folders = sorted(made)
    made.clear()
    with watching(*folders):
        pass


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Add the number of searches to the test's report."""
    try:
        yield
    finally:
        told = [("counted", (f"{what} were searched for secrets", number)) for what, number in searched.items()]
        item.user_properties.extend(told)
        searched.clear()
