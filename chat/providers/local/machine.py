"""What Linux reports about this machine: its free memory, and whether its processor can run the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

V2 = "memory.max", "memory.current", "inactive_file"
V1 = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
"""The files with a control group's limit and its usage, and the inactive page cache, which the kernel can reclaim."""


def free_memory(root: Path = Path("/")) -> int | None:
    """Return how many bytes a new process can take; None if unknown (macOS).

    This is the least of the machine's free memory and the remainder of each control group around this process. In a
    container, only the groups are right: the machine's figure is the host's. /proc and /sys are under `root`.
    """
    available = fields(root / "proc/meminfo").get("MemAvailable:")
    of_machine = None if available is None else available * 1024
    return min((amount for amount in (of_machine, *of_groups(root)) if amount is not None), default=None)


def of_groups(root: Path) -> Iterator[int | None]:
    """Yield what is left in the control groups (versions 1 and 2) of this process and their parents.

    Lines of /proc/self/cgroup are `number:controllers:path`. In a container the path can be the host's and missing
    here; then the group is mounted at the top, where the walk ends.
    """
    for line in text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            yield from (remaining(group, *V2) for group in upwards(root / "sys/fs/cgroup", path))
        elif "memory" in controllers.split(","):
            yield from (remaining(group, *V1) for group in upwards(root / "sys/fs/cgroup/memory", path))


def upwards(top: Path, path: str) -> list[Path]:
    group = top / path.strip("/")
    return [group, *(folder for folder in group.parents if folder.is_relative_to(top))]


def remaining(group: Path, limit: str, use: str, cache: str) -> int | None:
    """Return limit less usage; None if one is not a number (`max` means no limit)."""
    try:
        used = int(text(group / use)) - fields(group / "memory.stat").get(cache, 0)
        return max(0, int(text(group / limit)) - used)
    except ValueError:
        return None


def fields(file: Path) -> dict[str, int]:
    rows = (line.split() for line in text(file).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def lacks_avx2(root: Path = Path("/")) -> bool:
    """Check for an x86 processor without AVX2, which llama.cpp's wheel needs.

    /proc is under `root`. The kernel lists no such flags for other processors (ARM) and on macOS.
    """
    with suppress(OSError), (root / "proc/cpuinfo").open() as file:
        flags = next((line for line in file if line.startswith("flags")), "flags : avx2")
        return "avx2" not in flags.split()
    return False
