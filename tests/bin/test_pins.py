"""Test the pins: what they contain, and that every supported platform can install them."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.bin.checkout import FILES, ROOT

LINUX = ("manylinux2014", "manylinux_2_17", "manylinux_2_28")
PLATFORMS = {
    "Linux x86-64": ("linux", "x86_64", [f"{system}_x86_64" for system in LINUX]),
    "Linux ARM64": ("linux", "aarch64", [f"{system}_aarch64" for system in LINUX]),
    "macOS ARM": ("darwin", "arm64", ["macosx_14_0_arm64"]),
}


def pins(*files: str) -> list[Requirement]:
    """Read the pins of some files."""
    lines = [line.strip() for file in files for line in (ROOT / file).read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", ["flask", "htmx-flask", "requests", "flask-session", "pytest"])
def test_what_the_project_was_asked_to_build_on_is_in_requirements(name: str):
    assert name in {pin.name for pin in pins("requirements.txt")}


def test_every_line_pins_one_version():
    specifiers = [str(pin.specifier) for pin in pins(*FILES)]

    assert all(specifier.startswith("==") and "*" not in specifier for specifier in specifiers)


def test_whatever_a_pinned_package_needs_is_pinned():
    here = [pin for pin in pins("requirements.txt", "requirements-dev.txt") if applies(pin)]
    names = {canonicalize_name(pin.name) for pin in here}

    needed = {need for pin in here for need in needs(pin)}

    assert needed - names == set()


def applies(requirement: Requirement, extras: set[str] | None = None) -> bool:
    """Tell whether a requirement holds on this machine."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""})


def needs(pin: Requirement) -> set[str]:
    """List the dependencies that an installed package declares here, with the pin's extras."""
    lines = importlib.metadata.requires(pin.name) or []
    return {canonicalize_name(need.name) for need in map(Requirement, lines) if applies(need, {"", *pin.extras})}


@pytest.mark.long
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("minor", [11, 12, 13, 14])
def test_there_is_a_wheel_of_every_pin_for(platform: str, minor: int, tmp_path: Path):
    system, machine, tags = PLATFORMS[platform]
    target = {"sys_platform": system, "platform_machine": machine, "python_version": f"3.{minor}", "extra": ""}
    wanted = [pin for pin in pins(*FILES) if pin.marker is None or pin.marker.evaluate(target)]

    found = found_by_pip(wanted, [f"--python-version=3.{minor}", *(f"--platform={tag}" for tag in tags)], tmp_path)

    assert found == {canonicalize_name(pin.name) for pin in wanted}


def found_by_pip(wanted: list[Requirement], target: list[str], folder: Path) -> set[str]:
    """Search for wheels with pip, without downloading them; return the names of the wheels found."""
    report = folder / "report.json"
    options = ["--dry-run", "--no-deps", "--only-binary=:all:", f"--target={folder}", f"--report={report}", *target]
    asked = [f"{pin.name}{pin.specifier}" for pin in wanted]
    result = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", *options, *asked], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return {canonicalize_name(item["metadata"]["name"]) for item in json.loads(report.read_text())["install"]}
