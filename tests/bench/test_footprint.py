"""Test the measurement of an idle server."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from bench import footprint, servers


def test_a_server_is_started_and_then_left_alone(tmp_path: Path) -> None:
    serve = partial(servers.floor, tmp_path, "http://127.0.0.1:9/v1")

    figures = footprint.idle_after(serve, pause=0.2)

    assert figures["started_ms"] > 0
    if sys.platform == "linux":
        assert figures["processes"] == 2
        assert figures["pss_mib"] > 10
