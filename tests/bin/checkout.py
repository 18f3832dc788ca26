"""Copy the scripts into a folder of their own, with a PATH that holds only what a test puts there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = tuple(f"requirements{kind}.txt" for kind in ("", "-dev", "-local", "-proxies"))
TOOLS = ("cat", "chmod", "cksum", "cp", "dirname", "env", "find", "grep", "id", "mkdir", "rm", "tail")

PYTHON = """#!/bin/sh
# A scripted Python. It answers questions by the real one, and writes down what it is told to do.
code="import sys
sys.version_info = ({version}, 0, 'final', 0)
sys.executable = '$0'
sys.modules.setdefault('pip', sys)
sys.modules.update(dict.fromkeys({lacks!r}))
"
case "$1 $2" in
    "-c "*) exec {real} -I -c "$code$2" ;;
    "bin/read_dotenv.py ") exec {real} -I bin/read_dotenv.py ;;
    "- ") exit "$(cat {told}/local-model-wanted 2>/dev/null || echo 1)" ;;
esac
echo "$*" >>{told}/calls
case "$1 $2" in
    "-m venv" | "-m virtualenv")
        for folder; do :; done
        mkdir -p "$folder/bin"
        [ ! -e {told}/venv-fails ] || exit 1
        cp "$0" "$folder/bin/python"
        ;;
    "-m pip")
        [ ! -e {told}/pip-is-real ] || exec {real} "$@"
        ! grep -q -F -f {told}/pip-fails <<END 2>/dev/null || {{ echo "pip says why"; exit 1; }}
$*
END
        ;;
    "-m gunicorn" | "-m pytest") env >{told}/environment ;;
esac
"""


APT_GET = """#!/bin/sh
echo "$*" >>{told}/calls
[ "$1" = update ] && exit
for package; do :; done
echo "#!/bin/sh" >{tools}/$package
chmod 755 {tools}/$package
"""


class Checkout:
    """The repository as bin/run sees it. A test and the scripted Pythons exchange messages through the folder
    `told`."""

    def __init__(self, folder: Path):
        self.root = folder / "a checkout"
        self.tools = folder / "tools"
        self.told = folder / "told"
        shutil.copytree(ROOT / "bin", self.root / "bin")
        for name in FILES:
            (self.root / name).write_text(f"a-pin-of-{name}\n")
        self.told.mkdir()
        self.tools.mkdir()
        for tool in TOOLS:
            # No links: a test that replaces a tool would write through them into the machine's own.
            self.has_tool(tool, f'#!/bin/sh\nexec {shutil.which(tool)} "$@"\n')

    def has_python(self, name: str, version: tuple[int, int] = (3, 13), lacks: tuple[str, ...] = ()) -> None:
        """Put a Python on the PATH; `lacks` names modules that it can't import."""
        text = PYTHON.format(
            version=f"{version[0]}, {version[1]}", lacks=list(lacks), real=shlex.quote(sys.executable), told=self.told
        )
        self.has_tool(name, text)

    def has_tool(self, name: str, text: str) -> None:
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def is_debian(self) -> None:
        """Pretend to be root on Debian; each package that apt-get installs is a working program of the same name."""
        grep = shutil.which("grep")
        self.has_tool("id", "#!/bin/sh\necho 0\n")
        self.has_tool("grep", f'#!/bin/sh\ncase "$*" in *ID=debian*) exit ;; esac\nexec {grep} "$@"\n')
        self.has_tool("apt-get", APT_GET.format(told=self.told, tools=self.tools))

    def run(self, script: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a script to its end, in an environment with the given variables only."""
        return subprocess.run(
            [str(self.root / "bin" / script), *arguments],
            env={"PATH": str(self.tools), **environ},
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )

    def tell(self, name: str, text: str = "") -> None:
        """Set an instruction for the scripted Pythons.

        The names are venv-fails, pip-fails (with a file), pip-is-real, local-model-wanted (0 or 1).
        """
        (self.told / name).write_text(text)

    def forget(self, name: str) -> None:
        """Remove an instruction, or the list of calls."""
        (self.told / name).unlink()

    @property
    def chosen(self) -> tuple[int, ...]:
        """The version of the Python that created .venv."""
        match = re.search(r"version_info = \((\d+), (\d+)", (self.root / ".venv/bin/python").read_text())
        assert match
        return tuple(map(int, match.groups()))

    @property
    def calls(self) -> list[str]:
        """The commands that the scripted Pythons received, in order."""
        written = self.told / "calls"
        return written.read_text().splitlines() if written.exists() else []

    @property
    def installs(self) -> list[str]:
        """The requirements files that pip had to install, in order."""
        words = [call.split() for call in self.calls if call.startswith("-m pip install")]
        return [call[call.index("-r") + 1] for call in words]

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the script started gunicorn or pytest."""
        lines = (self.told / "environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)
