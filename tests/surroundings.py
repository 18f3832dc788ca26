"""Print what a process was started with, and exit with 7: `python -m tests.surroundings`."""

from __future__ import annotations

import json
import os
import signal
import sys


def describe() -> dict[str, object]:
    """Describe this process, but for its number."""
    return {
        "arguments": sys.argv,
        "environment": dict(os.environ),
        "files": [os.readlink(f"/proc/self/fd/{number}") for number in open_files()],
        "flags": repr(sys.flags),
        "folder": os.getcwd(),
        "leads its session": os.getsid(0) == os.getpgid(0) == os.getpid(),
        "module": str(getattr(sys.modules["__main__"].__spec__, "name", None)),
        "path": sys.path,
        "signals": {number: str(signal.getsignal(number)) for number in signal.valid_signals()},
        "umask": os.umask(0),
    }


def open_files() -> list[int]:
    """List the descriptors of the open files, but for the one that lists them."""
    listed = sorted(map(int, os.listdir("/proc/self/fd")))
    return [number for number in listed if os.path.exists(f"/proc/self/fd/{number}")]


if __name__ == "__main__":
    print(json.dumps(describe()))
    sys.exit(7)
