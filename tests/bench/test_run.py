"""The bench from end to end, in small: real servers, real answers, a table and a file."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.processes import cpu_seconds, memory, tree
from bench.scenarios import SCENARIOS
from bench.servers import Unstarted, gunicorn


def test_a_quick_run_measures_ours_beside_the_floor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bench.json"

    assert main(["turn", "--quick", "--json", str(file)]) == 0

    figures = json.loads(file.read_text())["figures"]["turn"]
    assert set(figures) == {"direct", "floor", "ours"}
    assert [row["failed"] for row in figures.values()] == [[0], [0], [0]]
    assert all(row["added_ms_p50"][0] > 0 for row in figures.values())
    assert "one person, one turn after another" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="CPU and memory are read from /proc")
def test_what_a_process_uses_is_read_with_its_children() -> None:
    assert os.getpid() in tree(os.getpid())
    assert cpu_seconds(os.getpid()) > 0
    assert 0 < memory(os.getpid())["pss"] <= memory(os.getpid())["rss"]


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(Unstarted, match="no_such_module"), gunicorn("no_such_module:app", tmp_path / "server", 1):
        pass


def test_an_unknown_scenario_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bussy"])

    assert "busy" in capsys.readouterr().err


@pytest.mark.parametrize("rounds", ["0", "-1", "many"])
def test_rounds_that_cannot_be_run_are_refused(rounds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["turn", f"--rounds={rounds}"])

    assert f"it can't be {rounds}" in capsys.readouterr().err


def test_help_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    told = capsys.readouterr().out
    assert all(scenario.about in told for scenario in SCENARIOS.values())
