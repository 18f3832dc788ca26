"""What an installation weighs: its distributions as they stand in this Python, without the network.

Counted are the files that each distribution's RECORD names and the bytecode that stands beside them, by their length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SEEDS = ("pip", "setuptools")
"""What a new environment may hold already."""


def pinned(lines: Iterable[str]) -> Iterator[str]:
    """List the distributions that the lines of a requirements file name for this Python."""
    for line in lines:
        if wanted := line.partition("#")[0].strip():
            yield from wanted_here(Requirement(wanted))


def wanted_here(requirement: Requirement) -> list[str]:
    """Give the name that a requirement stands for, if it does for this Python and without extras."""
    here = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    return [canonicalize_name(requirement.name)] if here else []


def closure(names: Iterable[str]) -> list[str]:
    """List distributions and all that these need. Raises PackageNotFoundError."""
    found = list(names)
    for name in found:
        found += [need for need in needs(name) if need not in found]
    return found


def needs(name: str) -> Iterator[str]:
    """List what a distribution says it needs."""
    for line in distribution(name).requires or ():
        yield from wanted_here(Requirement(line))


def seeds() -> Iterator[str]:
    """List those of SEEDS that are here."""
    for name in SEEDS:
        try:
            yield distribution(name).name
        except PackageNotFoundError:
            continue


def weight(names: Iterable[str]) -> dict[str, float]:
    """Weigh distributions: how many they are, and what they hold in MiB. Raises PackageNotFoundError."""
    sizes = [size_of(distribution(name)) for name in names]
    return {"distributions": float(len(sizes)), "mib": sum(sizes) / 2**20}


def size_of(installed: Distribution) -> int:
    """Add up the files of a distribution, in bytes."""
    recorded = {Path(str(installed.locate_file(file))).resolve() for file in installed.files or ()}
    compiled = {Path(cache_from_source(str(path))) for path in recorded if path.suffix == ".py"}
    return sum(path.stat().st_size for path in recorded | compiled if path.is_file())
