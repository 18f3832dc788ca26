"""What an installation of requirements.txt weighs: its distributions as they stand in this Python, without the network.

Counted are the files that each distribution's RECORD names and the bytecode beside them; pip itself, which a fresh
environment has already, is told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from importlib.util import cache_from_source
from pathlib import Path

from packaging.requirements import Requirement


def pinned(lines: Iterable[str]) -> Iterator[str]:
    """List the distributions that the lines of a requirements file name for this Python."""
    for line in lines:
        wanted = line.partition("#")[0].strip()
        if wanted and ((requirement := Requirement(wanted)).marker is None or requirement.marker.evaluate()):
            yield requirement.name


def weight(names: Iterable[str]) -> dict[str, float]:
    """Weigh distributions: how many they are, and how many MB their files hold. Raises PackageNotFoundError."""
    sizes = [size_of(distribution(name)) for name in names]
    return {"distributions": len(sizes), "MB": sum(sizes) / 1e6}


def size_of(installed: Distribution) -> int:
    """Add up the files of a distribution, in bytes."""
    recorded = {Path(installed.locate_file(file)).resolve() for file in installed.files or ()}
    compiled = {Path(cache_from_source(str(path))) for path in recorded if path.suffix == ".py"}
    return sum(path.stat().st_size for path in recorded | compiled if path.is_file())


def heaviest(names: Iterable[str], count: int = 8) -> list[tuple[str, float]]:
    """List the heaviest distributions, in MB."""
    weights = [(name, size_of(distribution(name)) / 1e6) for name in names]
    return sorted(weights, key=lambda pair: -pair[1])[:count]
