"""Each process starts what its tests share once."""

from __future__ import annotations

from pathlib import Path

from tests.scheduling import find_places, find_unit

ROOT = Path(__file__).parent.parent


def test_the_browser_tests_are_three_units_and_each_other_file_is_one() -> None:
    files = [str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py")]
    browser = {find_unit(f"{file}::test_it[a/b::c]") for file in files if file.startswith("tests/browser/")}

    assert browser == {"tests/browser/abcd", "tests/browser/efghijklmno", "tests/browser/pqrstuvwxyz"}
    assert find_unit("tests/faults/test_rounds.py::test_it[a/b::c]") == "tests/faults/test_rounds.py"


def test_folders_that_wait_take_turns() -> None:
    units = [f"tests/{folder}/test_{name}.py" for folder in ("bin", "faults", "replies") for name in "ab"]

    places = find_places(units)

    assert places == {unit: number % 2 for number, unit in enumerate(units) if "replies" not in unit}
