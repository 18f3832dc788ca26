"""Mounts: the kind of file system that a folder is on (Linux)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = re.compile(r"nfs4?|cifs|smb.*|9p|afs|ceph|glusterfs|lustre|gfs2?|ocfs2|virtiofs|fuse(\..+)?")
"""File systems that other machines can use at the same time."""

OF_THIS_MACHINE = {"fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.mergerfs"}
"""FUSE file systems on a disk of this machine."""


@dataclass(frozen=True)
class Mount:
    """The mount point and the kind of a file system."""

    point: Path
    kind: str


def share_of(file: Path) -> Mount | None:
    """Find the network share that a file is on; None if it is on a disk, or nobody knows."""
    above = [mount for mount in mounts() if file.resolve().is_relative_to(mount.point)]
    # Of two mounts at one place, the later one covers the other.
    mount = max(reversed(above), key=lambda mount: len(mount.point.parts), default=None)
    if mount and NETWORK.fullmatch(mount.kind) and mount.kind not in OF_THIS_MACHINE:
        return mount
    return None


def mounts() -> list[Mount]:
    """List the mounts (proc_pid_mountinfo(5)); none on other systems."""
    try:
        lines = MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []
    return [mount_of(*line.split(" - ", 1)) for line in lines if " - " in line]


def mount_of(place: str, kind: str) -> Mount:
    """Read the two halves of a line, in which spaces and backslashes are octal numbers."""
    point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), place.split(" ")[4])
    return Mount(Path(point), kind.split(" ")[0])
