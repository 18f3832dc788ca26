"""Whether this machine's processor can run the model, as far as Linux tells."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def lacks_avx2(root: Path = Path("/")) -> bool:
    """Tell whether this is an x86 processor without AVX2, which llama.cpp's wheel is built for.

    `root` is where /proc is found. Of others (ARM, macOS) the kernel says nothing.
    """
    with suppress(OSError), (root / "proc/cpuinfo").open() as file:
        flags = next((line for line in file if line.startswith("flags")), "flags : avx2")
        return "avx2" not in flags.split()
    return False
