"""Checks whether this machine's processor can run the model, as reported by Linux."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def lacks_avx2(root: Path = Path("/")) -> bool:
    """Check for an x86 processor without AVX2, which llama.cpp's wheel needs.

    /proc is under `root`. The kernel lists no such flags for other processors (ARM) and on macOS.
    """
    with suppress(OSError), (root / "proc/cpuinfo").open() as file:
        flags = next((line for line in file if line.startswith("flags")), "flags : avx2")
        return "avx2" not in flags.split()
    return False
