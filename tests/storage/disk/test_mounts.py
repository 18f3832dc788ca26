"""Test how a network share is told from a disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat import config
from chat.storage import disk
from chat.storage.disk import mounts

DISK = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which Linux lists its mounts."""
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "mountinfo")
    return tmp_path / "mountinfo"


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.rclone", "ceph", "virtiofs"])
def test_a_share_is_warned_of_with_what_to_do(table: Path, kind: str) -> None:
    table.write_text(f"{DISK}\n50 22 0:40 / /mnt/my\\040share rw - {kind} server:/export rw,vers=4\n")

    (said,) = disk.warnings({}, config.load({"INSTANCE": "/mnt/my share/rivulet"}))

    assert f"is on a network share ({kind} at /mnt/my share)" in said and "bin/move" in said


@pytest.mark.parametrize("kind", ["ext4", "overlay", "tmpfs", "fuseblk", "fuse.fuse-overlayfs", "zfs"])
def test_of_a_disk_nothing_is_said(table: Path, kind: str) -> None:
    table.write_text(f"{DISK}\n50 22 0:40 / /mnt rw - {kind} none rw\n")

    assert disk.warnings({}, config.load({"INSTANCE": "/mnt/rivulet"})) == []


def test_the_mount_that_is_nearest_counts_and_of_two_at_one_place_the_later_one(table: Path) -> None:
    lines = ["50 22 0:40 / /mnt rw - nfs4 a:/ rw", "51 50 8:2 / /mnt/disk rw - xfs /dev/sdb rw"]
    table.write_text("\n".join([DISK, *lines, "52 51 0:41 / /mnt/disk/over rw - ext4 b rw"]))
    covered = table.read_text() + "\n53 52 0:42 / /mnt/disk/over rw - cifs //c/d rw\n"

    assert mounts.share_of(Path("/mnt/a.db")) == mounts.Mount(Path("/mnt"), "nfs4")
    assert mounts.share_of(Path("/mnt/disk/a.db")) is mounts.share_of(Path("/mnt/disk/over/a.db")) is None
    table.write_text(covered)
    assert mounts.share_of(Path("/mnt/disk/over/a.db")) == mounts.Mount(Path("/mnt/disk/over"), "cifs")


@pytest.mark.parametrize("text", [None, "", "nonsense\n"])
def test_where_nothing_is_known_of_mounts_nothing_is_said(table: Path, text: str | None) -> None:
    if text is not None:
        table.write_text(text)

    assert mounts.share_of(Path("/mnt/a.db")) is None


def test_with_postgres_a_share_does_not_matter(table: Path) -> None:
    table.write_text("50 22 0:40 / / rw - nfs4 a:/ rw\n")
    settings = config.load({"INSTANCE": "/mnt", "DATABASE_URL": "postgres://db.example/rivulet"})

    assert disk.warnings({}, settings) == []
    disk.claim(settings)
