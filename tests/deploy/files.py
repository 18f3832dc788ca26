"""Read the files that platforms deploy from, and how each of them starts the app."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import subprocess
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from chat import config
from tests.serving import ROOT
from tests.test_docs import blocks

SETTINGS = {setting.name for setting in config.SETTINGS}
OF_GUNICORN = {"GUNICORN_CMD_ARGS"}
OF_PYTHON = {"PYTHONUNBUFFERED"}


@dataclass(frozen=True)
class Step:
    """One instruction of a Dockerfile with its continuation lines; `stage` counts from 0."""

    stage: int
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The words of its exec form or its shell form."""
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)


def read(name: str) -> str:
    """Read a file at the top of the repository."""
    return (ROOT / name).read_text()


def read_yaml(name: str) -> Any:
    """Read a YAML file; skip the test if PyYAML isn't installed."""
    yaml = pytest.importorskip("yaml", reason=f"{name} needs PyYAML (requirements-dev.txt) to be read.")
    return yaml.safe_load(read(name))


def procfile() -> dict[str, str]:
    """Read the commands of the Procfile by process name."""
    return dict(line.split(": ", 1) for line in read("Procfile").splitlines())


def dockerfile() -> list[Step]:
    """Read the steps of the Dockerfile."""
    text = re.sub(r"^#.*\n", "", read("Dockerfile"), flags=re.MULTILINE).replace("\\\n", " ")
    steps: list[Step] = []
    stage = -1
    for line in filter(str.strip, text.splitlines()):
        name, rest = line.split(maxsplit=1)
        stage += name == "FROM"
        steps.append(Step(stage, name, rest.strip()))
    return steps


def last_stage(name: str) -> list[Step]:
    """List the steps of one kind in the stage that becomes the image."""
    steps = dockerfile()
    return [step for step in steps if step.name == name and step.stage == steps[-1].stage]


def image_environ() -> dict[str, str]:
    """Return the variables that the image sets."""
    return dict(word.split("=", 1) for step in last_stage("ENV") for word in step.words)


def image_command() -> list[str]:
    return last_stage("CMD")[-1].words


def health_command() -> list[str]:
    """Return the command of the image's health check."""
    return Step(0, "CMD", last_stage("HEALTHCHECK")[0].text.partition("CMD ")[2]).words


def heroku() -> dict[str, Any]:
    return json.loads(read("app.json"))


def railway() -> dict[str, Any]:
    return json.loads(read("railway.json"))


def fly() -> dict[str, Any]:
    return tomllib.loads(read("fly.toml"))


def render() -> dict[str, Any]:
    """Read the one service of render.yaml."""
    (service,) = read_yaml("render.yaml")["services"]
    return service


def compose() -> dict[str, Any]:
    """Read the services of compose.yaml."""
    return read_yaml("compose.yaml")["services"]


def hosting_block(language: str, beginning: str) -> str:
    """Read the one code block in docs/self-hosting.md with this language and beginning."""
    (block,) = [block for block in blocks("self-hosting.md", language) if block.startswith(beginning)]
    return block


def unit_text() -> str:
    """Read the systemd unit."""
    return hosting_block("ini", "[Unit]")


def unit() -> configparser.RawConfigParser:
    """Read the sections of the systemd unit; a repeated key keeps its last value."""
    parser = configparser.RawConfigParser(strict=False, delimiters="=", comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit_text())
    return parser


def fixed(variables: list[dict[str, Any]]) -> dict[str, str]:
    """Return the variables that render.yaml sets to a fixed value."""
    return {variable["key"]: variable["value"] for variable in variables if "value" in variable}


def context() -> list[str]:
    """List the files that reach the builder: the repository without the paths in .dockerignore."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in tracked.splitlines() if not ignored(path)]


def ignored(path: str) -> bool:
    """Tell whether .dockerignore excludes a path; the last matching line for it, or for a folder above it, wins."""
    patterns = [line for line in read(".dockerignore").splitlines() if line and not line.startswith("#")]
    about = {path, *map(str, Path(path).parents)} - {"."}
    verdict = False
    for pattern in patterns:
        name = pattern.removeprefix("!").removeprefix("**/")
        parts = {part for one in about for part in one.split("/")} if "**/" in pattern else about
        if any(fnmatch(part, name) for part in parts):
            verdict = not pattern.startswith("!")
    return verdict
