"""Run a small bench from end to end: real servers, real answers, a table and a file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench.__main__ import main
from bench.processes import cpu_seconds, memory, tree
from bench.setup import Row, Scenario, Setup
from bench.trees import HERE, Tree


def test_a_quick_run_measures_ours_beside_the_floor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bench.json"

    assert main(["turn", "--quick", "--json", str(file)]) == 0

    figures = json.loads(file.read_text())["figures"]["turn"]
    assert set(figures) == {"direct", "floor", "ours"}
    assert [row["failed"] for row in figures.values()] == [[0], [0], [0]]
    assert all(row["added_ms_p50"][0] > 0 for row in figures.values())
    assert "one person, one turn after another" in capsys.readouterr().out


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


@pytest.mark.skipif(sys.platform != "linux", reason="The bench reads CPU and memory from /proc.")
def test_what_a_process_uses_is_read_with_its_children() -> None:
    assert os.getpid() in tree(os.getpid())
    assert cpu_seconds(os.getpid()) > 0
    assert 0 < memory(os.getpid())["pss"] <= memory(os.getpid())["rss"]
