"""Build the image with the Dockerfile's own steps in an empty folder, without Docker.

The folder stands for the image's root, and a virtual environment in usr/local for the base image's Python. Absolute
paths in a step lead into the folder. Commands that create users are recorded but not run: numeric ids need no names.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.deploy import files
from tests.deploy.files import Step
from tests.serving import ROOT

PATHS = re.compile(r"(?<![\w./])/(?=(?:app|data|packages|usr/local)\b)")
NOTED = ("groupadd", "useradd")
PIP = """#!/bin/sh
exec {ours} -m pip --disable-pip-version-check --python {base} "$@"
"""


class Image:
    """The steps' result so far; `root` is the folder of the stage in progress."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.root = folder / "root"
        self.tools = folder / "tools"
        self.stage = -1
        self.stages: dict[str, int] = {}
        self.environ: dict[str, str] = {}
        self.arguments: dict[str, str] = {}
        self.place = Path("/")
        self.user: dict[str, Any] = {}
        self.command: list[str] = []

    def build(self, **arguments: str) -> None:
        """Run every step of the Dockerfile; `arguments` are the --build-arg values."""
        self.given = arguments
        self._make_tools()
        for step in files.dockerfile():
            getattr(self, f"_{step.name.lower()}", self._nothing)(step)

    def _make_tools(self) -> None:
        self.tools.mkdir()
        for name in NOTED:
            (self.tools / name).write_text(f'#!/bin/sh\necho "$0 $*" >>{self.tools}/noted\n')
        # Only root can give a folder to another user.
        if os.geteuid() != 0:
            (self.tools / "install").write_text('#!/bin/sh\nfor folder; do :; done\nmkdir -p -m 700 "$folder"\n')
        base = self.root / "usr/local/bin/python"
        (self.tools / "pip").write_text(PIP.format(ours=sys.executable, base=base))
        for tool in self.tools.iterdir():
            tool.chmod(0o755)

    def _from(self, step: Step) -> None:
        """Begin a stage; the previous one moves aside, where COPY --from finds it."""
        if self.stage >= 0:
            self.root.rename(self.folder / str(self.stage))
        self.stage += 1
        image, *name = step.text.split(" AS ")
        self.stages.update(dict.fromkeys(name, self.stage))
        assert image.startswith("python:")
        self.environ, self.arguments, self.place = {}, {}, Path("/")
        subprocess.run([python_for_all(), "-m", "venv", "--without-pip", self.root / "usr/local"], check=True)
        self.root.chmod(0o755)

    def _arg(self, step: Step) -> None:
        name, _, default = step.text.partition("=")
        self.arguments[name] = self.given.get(name, default)

    def _workdir(self, step: Step) -> None:
        self.place = Path(step.text)
        self.inside(step.text).mkdir(parents=True, exist_ok=True)

    def _copy(self, step: Step) -> None:
        *sources, target = step.text.split()
        into = self.inside(str(self.place / target))
        if sources[0].startswith("--from="):
            stage = self.folder / str(self.stages[sources.pop(0).removeprefix("--from=")])
            shutil.copytree(stage / sources[0].lstrip("/"), into, dirs_exist_ok=True, symlinks=True)
            return
        for path in files.context():
            for source in sources:
                if path == source or path.startswith(f"{source}/"):
                    # COPY puts a folder's content into the target, and a file under its own name.
                    to = into / (Path(path).relative_to(source) if path != source else path)
                    to.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(ROOT / path, to)

    def _run(self, step: Step) -> None:
        command = PATHS.sub(f"{self.root}/", step.text)
        environ = {**self.environment(), **self.arguments}
        done = subprocess.run(
            ["sh", "-c", command], cwd=self.inside(str(self.place)), env=environ, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"

    def _env(self, step: Step) -> None:
        self.environ |= dict(word.split("=", 1) for word in step.words)

    def _user(self, step: Step) -> None:
        user, group = map(int, step.text.split(":"))
        self.user = {"user": user, "group": group, "extra_groups": []} if os.geteuid() == 0 else {}

    def _cmd(self, step: Step) -> None:
        self.command = json.loads(step.text)

    def _nothing(self, step: Step) -> None:
        assert step.name in {"EXPOSE", "STOPSIGNAL", "HEALTHCHECK"}, step

    def inside(self, path: str) -> Path:
        """Return the path on this machine for a path in the image."""
        return self.root / path.lstrip("/")

    def environment(self) -> dict[str, str]:
        """Return the environment of a command in the image."""
        path = f"{self.root}/usr/local/bin:{self.tools}:/usr/bin:/bin"
        own = {name: PATHS.sub(f"{self.root}/", value) for name, value in self.environ.items()}
        return {"PATH": path, **pip_settings(), **own}

    def size(self) -> int:
        """Add up the bytes above the base image."""
        return sum(file.stat().st_size for file in self.root.rglob("*") if file.is_file() and not file.is_symlink())


def python_for_all() -> str:
    """Find a Python that other users can run: one in a home folder won't do."""
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        as_other: dict[str, Any] = {"user": 10001, "group": 10001, "extra_groups": []} if os.geteuid() == 0 else {}
        try:
            if subprocess.run([python, "-c", "import venv"], cwd="/", **as_other).returncode == 0:
                return python
        except OSError:
            continue
    raise AssertionError("No Python here may be run by others.")


def pip_settings() -> dict[str, str]:
    """Return the settings that tell pip where this machine finds packages."""
    return {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_CERT"))}
