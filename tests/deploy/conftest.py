"""Fixtures for the deployment tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.deploy.started import Start, Started
from tests.serving import OURS


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A function that starts commands on free ports."""
    started: list[Started] = []

    def start(command: str | list[str], **environ: str) -> Started:
        started.append(Started(tmp_path, command, **environ))
        return started[-1]

    yield start
    for one in started:
        with suppress(ProcessLookupError):
            one.stop(signal.SIGKILL)
        OURS.discard(one.port)
