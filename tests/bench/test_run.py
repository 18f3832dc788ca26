"""Run a small bench from end to end: real servers, real answers, a table and a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench.__main__ import main
from bench.processes import cpu_seconds, memory, tree
from bench.scenarios import SCENARIOS
from bench.servers import Unstarted, gunicorn
from bench.setup import Row, Scenario, Setup
from bench.trees import HERE, ROOT, Tree
from tests.faults.harness import until


def test_a_quick_run_measures_ours_beside_the_floor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bench.json"

    assert main(["turn", "--quick", "--json", str(file)]) == 0

    figures = json.loads(file.read_text())["figures"]["turn"]
    assert set(figures) == {"direct", "floor", "ours"}
    assert [row["failed"] for row in figures.values()] == [[0], [0], [0]]
    assert all(row["added_ms_p50"][0] > 0 for row in figures.values())
    assert "one person, one turn after another" in capsys.readouterr().out


def test_a_quick_run_measures_another_commit_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bench.json"

    assert main(["turn", "--quick", "--against", "HEAD", "--json", str(file)]) == 0

    written = json.loads(file.read_text())
    [against] = written["against"]
    assert [row["failed"] for row in against["figures"]["turn"].values()] == [[0], [0], [0]]
    assert against["figures"] != written["figures"]
    [pair] = [pair for pair in against["pairs"] if pair["figure"] == "added_ms_p50"]
    ours, other = (figures["turn"]["ours"]["added_ms_p50"][0] for figures in (written["figures"], against["figures"]))
    assert pair["ratio"]["median"] == ours / other
    assert f"ours : {against['commit'][:7]}" in capsys.readouterr().out


def test_both_trees_are_measured_in_each_round_and_take_turns_at_going_first(monkeypatch, tmp_path: Path) -> None:
    trees = [HERE, Tree(tmp_path, commit="1234567890")]
    setups = [Setup(tmp_path, "", tree=tree) for tree in trees]
    monkeypatch.setattr(bench, "setting_up", lambda *_: nullcontext(setups))
    came: list[tuple[str, str]] = []

    def seen(name: str):
        def measure(setup: Setup) -> Iterator[Row]:
            came.append((name, setup.tree.commit))
            yield Row(what="ours", figures={"cpu": float(len(came))})

        return Scenario(name, "", measure)

    measured = bench.run([seen("turn"), seen("busy")], 2, quick=False, against="HEAD")

    ours, other = "", "1234567890"
    assert came[:4] == [("turn", ours), ("turn", other), ("busy", ours), ("busy", other)]
    assert came[4:] == [("turn", other), ("turn", ours), ("busy", other), ("busy", ours)]
    assert [rounds["turn"]["ours"]["cpu"] for rounds in measured.values()] == [[1, 6], [2, 5]]


def test_a_commit_that_is_not_there_ends_the_bench_with_a_sentence() -> None:
    with pytest.raises(SystemExit, match=r"^Git finds no commit nowhere here\.$"):
        main(["turn", "--quick", "--against", "nowhere"])


def test_a_bench_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "turn", "--against", "HEAD", "--json", str(tmp_path / "bench.json")]
    folder = tmp_path / "temporary"
    folder.mkdir()
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)}) as process:
        until(lambda: list(folder.glob("rivulet-bench-*/*/app.py")))
        process.terminate()

    assert process.returncode == 143
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="The bench reads CPU and memory from /proc.")
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
