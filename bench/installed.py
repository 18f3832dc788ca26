"""Weigh an installation by the distributions in this Python, without the network.

The size counts the files in each distribution's RECORD and the bytecode beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SEEDS = ("pip", "setuptools")
"""Distributions that a new environment may hold already."""


def pinned(lines: Iterable[str]) -> Iterator[str]:
    """List the distributions that a requirements file pins for this Python."""
    for line in lines:
        if wanted := line.partition("#")[0].strip():
            yield from wanted_here(Requirement(wanted))


def wanted_here(requirement: Requirement) -> list[str]:
    """Return the name in a requirement if its marker matches this Python without extras."""
    here = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    return [canonicalize_name(requirement.name)] if here else []


def closure(names: Iterable[str]) -> list[str]:
    """List distributions and all their dependencies. Raises PackageNotFoundError."""
    found = list(names)
    for name in found:
        found += [need for need in needs(name) if need not in found]
    return found


def needs(name: str) -> Iterator[str]:
    """List the dependencies that a distribution declares."""
    for line in distribution(name).requires or ():
        yield from wanted_here(Requirement(line))


def seeds() -> Iterator[str]:
    """List the installed SEEDS."""
    for name in SEEDS:
        try:
            yield distribution(name).name
        except PackageNotFoundError:
            continue


def weight(names: Iterable[str]) -> dict[str, float]:
    """Return the number of distributions and their size in MiB. Raises PackageNotFoundError."""
    sizes = [size_of(distribution(name)) for name in names]
    return {"distributions": float(len(sizes)), "mib": sum(sizes) / 2**20}


def size_of(installed: Distribution) -> int:
    """Return the size of a distribution's files in bytes."""
    recorded = {Path(str(installed.locate_file(file))).resolve() for file in installed.files or ()}
    compiled = {Path(cache_from_source(str(path))) for path in recorded if path.suffix == ".py"}
    return sum(path.stat().st_size for path in recorded | compiled if path.is_file())
