"""What kind of file system a folder is on (Linux)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = re.compile(r"nfs4?|cifs|smb.*|9p|afs|ceph|glusterfs|lustre|gfs2?|ocfs2|virtiofs|fuse(\..+)?")
"""File systems that other machines can use at the same time."""

OF_THIS_MACHINE = {"fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.mergerfs"}
"""Those by FUSE that are on a disk of this machine."""


@dataclass(frozen=True)
class Mount:
    """Where a file system begins, and of what kind it is."""

    point: Path
    kind: str


def share_of(file: Path) -> Mount | None:
    """Find the network share that a file is on; None where it is on a disk, or that can't be told."""
    above = [mount for mount in mounts() if file.resolve().is_relative_to(mount.point)]
    # Of two at one place, the later one covers the other.
    mount = max(reversed(above), key=lambda mount: len(mount.point.parts), default=None)
    if mount and NETWORK.fullmatch(mount.kind) and mount.kind not in OF_THIS_MACHINE:
        return mount
    return None


def mounts() -> list[Mount]:
    """List what is mounted (proc_pid_mountinfo(5)); nothing where Linux doesn't tell."""
    try:
        lines = MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []
    return [mount_of(*line.split(" - ", 1)) for line in lines if " - " in line]


def mount_of(place: str, kind: str) -> Mount:
    """Read the two halves of a line; spaces and backslashes are written as octal numbers."""
    point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), place.split(" ")[4])
    return Mount(Path(point), kind.split(" ")[0])
