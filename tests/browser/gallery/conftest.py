"""The folder of the gallery, and its pages when all pictures are taken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.fonts import FONTS
from tests.browser.gallery import index
from tests.browser.instances import Instances
from tests.browser.states import AREAS


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--gallery", type=Path, required=True, help="the folder of the gallery")


@pytest.fixture(scope="session")
def folder(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.getoption("--gallery")


@pytest.fixture
def fonts() -> str:
    """The fonts of all pictures."""
    return "noto" if FONTS["noto"].is_dir() else "dejavu"


@pytest.fixture
def instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instances]:
    """A new instance for each state, so that its pictures don't depend on other states."""
    with ExitStack() as stack:
        yield Instances(tmp_path_factory, stack)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the pages, and say where they are. Other tests load this file too, without a folder."""
    if folder := config.getoption("--gallery", None):
        terminalreporter.write_line(f"The gallery is in {index.write(folder, AREAS)}")
