"""How much memory is free on this machine, as far as Linux tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def free(root: Path = Path("/")) -> int | None:
    """Measure the memory that a new process may take, in bytes; None where it can't be known (macOS).

    It is the least of what the machine has and what each control group around this process has left; in a container
    the group counts, the machine's figure is the host's. `root` is where /proc and /sys are found.
    """
    known = [amount for amount in (of_machine(root), *of_groups(root)) if amount is not None]
    return min(known, default=None)


def of_machine(root: Path) -> int | None:
    """Read MemAvailable, which the kernel gives in units of 1024 bytes."""
    available = fields(root / "proc/meminfo").get("MemAvailable:")
    return None if available is None else available * 1024


def of_groups(root: Path) -> Iterator[int | None]:
    """Read what is left in the control groups of this process and in those above them, of version 1 and 2.

    Lines of /proc/self/cgroup are `number:controllers:path`. In a container the path may be the host's and not
    exist here; then the group is mounted at the top, so the walk ends there.
    """
    for line in text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            yield from (left_in_v2(group) for group in upwards(root / "sys/fs/cgroup", path))
        elif "memory" in controllers.split(","):
            yield from (left_in_v1(group) for group in upwards(root / "sys/fs/cgroup/memory", path))


def upwards(top: Path, path: str) -> list[Path]:
    """List a group's folder and those above it, up to the mount."""
    group = top / path.strip("/")
    return [group, *(folder for folder in group.parents if folder.is_relative_to(top))]


def left_in_v2(group: Path) -> int | None:
    """Read the limit less the use; the page cache not used lately would be given back."""
    cache = fields(group / "memory.stat").get("inactive_file", 0)
    return remaining(group / "memory.max", group / "memory.current", cache)


def left_in_v1(group: Path) -> int | None:
    """Read the same from version 1's files."""
    cache = fields(group / "memory.stat").get("total_inactive_file", 0)
    return remaining(group / "memory.limit_in_bytes", group / "memory.usage_in_bytes", cache)


def remaining(limit: Path, use: Path, cache: int) -> int | None:
    """Subtract the use from the limit, which is `max` where there is none; None where it isn't a number."""
    try:
        return max(0, int(text(limit)) - int(text(use)) + cache)
    except ValueError:
        return None


def fields(file: Path) -> dict[str, int]:
    """Read a file of lines with a name and a number."""
    rows = (line.split() for line in text(file).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def text(file: Path) -> str:
    """Read a file of the kernel's; empty where it isn't there."""
    try:
        return file.read_text()
    except OSError:
        return ""
