"""Check out the trees to serve: the present one, and another commit's."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
REQUIREMENTS = "requirements.txt"


class Unusable(Exception):
    """Another commit can't be measured; the text is a sentence that says why."""


@dataclass(frozen=True)
class Tree:
    """A folder with Rivulet's source, its Python and its commit; the present tree has no commit."""

    root: Path
    python: str = sys.executable
    commit: str = ""


HERE = Tree(ROOT)


def check_out(commit: str, folder: Path) -> Tree:
    """Check out a commit into a folder; the repository itself is only read. Raises Unusable."""
    name = id_of(commit)
    subprocess.run(["tar", "-x", "-C", folder], input=git("archive", name), check=True)
    return Tree(folder, python_for(folder, name), name)


def id_of(commit: str) -> str:
    """Find the full id of a commit. Raises Unusable."""
    try:
        return git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").decode().strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unusable(f"Git finds no commit {commit} here.") from error


def git(*arguments: str) -> bytes:
    """Run git on this repository."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout


def python_for(folder: Path, name: str) -> str:
    """Return a tree's Python: this one if both need the same packages, otherwise its own. Raises Unusable."""
    wanted = folder / REQUIREMENTS
    if not wanted.exists():
        raise Unusable(f"The commit {name} has no {REQUIREMENTS}, so its server can't be run.")
    if wanted.read_bytes() == (ROOT / REQUIREMENTS).read_bytes():
        return sys.executable
    return str(environment(wanted, name) / "bin" / "python")


def environment(wanted: Path, name: str) -> Path:
    """Create an environment for some requirements; commits with the same ones share it. Raises Unusable."""
    checksum = hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]
    made = ROOT / "build" / "against" / f"{checksum}-python{platform.python_version()}"
    stamp = made / "installed"
    if not stamp.exists():
        print(f"Installing the packages of {name[:7]} into {made} ...", file=sys.stderr, flush=True)
        venv.create(made, symlinks=True)
        install(wanted, made, name)
        stamp.touch()
    return made


def install(wanted: Path, made: Path, name: str) -> None:
    """Install requirements into an environment with this Python's pip. Raises Unusable."""
    pip = [sys.executable, "-m", "pip", "--python", str(made), "install", "--disable-pip-version-check", "--quiet"]
    try:
        subprocess.run([*pip, "-r", wanted], stdout=subprocess.DEVNULL, check=True)
    except subprocess.CalledProcessError as error:
        raise Unusable(f"The packages of {name} can't be installed, as the lines above say.") from error
