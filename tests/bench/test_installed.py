"""Test the weight of an installation."""

from __future__ import annotations

from importlib.metadata import Distribution, PathDistribution
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from bench import installed


def small(site: Path) -> Distribution:
    """Install a distribution with two files, of 3 and 4 bytes, and its RECORD."""
    info = site / "small-1.dist-info"
    info.mkdir(parents=True)
    (site / "small.py").write_text("a=1")
    (site / "small.dat").write_text("1234")
    (info / "RECORD").write_text("small.py,,\nsmall.dat,,\nsmall.dat,,\ngone.py,,\n")
    return PathDistribution(info)


def test_a_distribution_weighs_what_its_files_do(tmp_path: Path) -> None:
    distribution = small(tmp_path)

    assert installed.size_of(distribution) == 3 + 4


def test_bytecode_counts_though_no_record_names_it(tmp_path: Path) -> None:
    distribution = small(tmp_path)
    compiled = Path(cache_from_source(str(tmp_path / "small.py")))
    compiled.parent.mkdir()
    compiled.write_bytes(bytes(10))

    assert installed.size_of(distribution) == 3 + 4 + 10


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("flask==3.1.3", ["flask"]),
        ("psycopg[binary]==3.3.9  # with its library", ["psycopg"]),
        ("# flask==3.1.3", []),
        ("", []),
        ('gevent==26.9.0; python_version >= "3"', ["gevent"]),
        ('gevent==25.5.1; python_version < "3"', []),
    ],
)
def test_a_requirements_file_is_read_as_pip_reads_it(line: str, names: list[str]) -> None:
    assert list(installed.pinned([line])) == names


def test_each_distribution_that_the_app_needs_is_weighed() -> None:
    names = list(installed.pinned(Path("requirements.txt").read_text().splitlines()))

    figures = installed.weight(names)

    assert figures["distributions"] == len(names) > 20
    assert 20 < figures["mib"] < 300


def test_what_a_distribution_needs_is_found_down_to_the_last() -> None:
    found = installed.closure(["flask"])

    assert {"werkzeug", "jinja2", "markupsafe"} <= set(found)
    assert len(found) == len(set(found))


def test_what_only_an_extra_needs_is_left_out() -> None:
    assert "asgiref" not in installed.closure(["flask"])
