"""Read what a process and its children use from Linux's /proc.

Other systems have no /proc; there, figures of CPU and memory are left out.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
MIB = 1024
"""KiB in a MiB: /proc counts in KiB."""

SAMPLING = 0.5
"""The interval between two looks at the memory, in seconds."""


def tree(pid: int) -> list[int]:
    """List a process and all its descendants."""
    found = [pid]
    for parent in found:
        for path in (PROC / str(parent) / "task").glob("*/children"):
            with suppress(OSError):
                found += map(int, path.read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Add up the CPU seconds of a tree, including children that have ended."""
    return sum(map(cpu_of, tree(pid)))


def cpu_of(pid: int) -> float:
    """Read the user and system time of one process and its ended children."""
    with suppress(OSError):
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def memory(pid: int) -> dict[str, float]:
    """Add up the memory of a tree, in MiB: `rss`, and `pss`, which counts shared pages once."""
    sizes = [memory_of(each) for each in tree(pid)]
    return {name: sum(size.get(name, 0) for size in sizes) for name in ("rss", "pss")}


def memory_of(pid: int) -> dict[str, float]:
    with suppress(OSError):
        lines = (PROC / str(pid) / "smaps_rollup").read_text()
        return {name.lower(): int(size) / MIB for name, size in re.findall(r"^(Rss|Pss): +(\d+)", lines, re.MULTILINE)}
    return {}


class Peak:
    """The peak memory of a tree, sampled from a thread."""

    def __init__(self, pid: int):
        self._pid = pid
        self._most: dict[str, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self._look()
            if self._over.wait(SAMPLING):
                return self._look()

    def _look(self) -> None:
        for name, size in memory(self._pid).items():
            self._most[name] = max(size, self._most.get(name, 0.0))

    @property
    def figures(self) -> dict[str, float]:
        """Return the peaks as figures, in MiB."""
        return {f"{name}_mib": size for name, size in self._most.items() if size}
