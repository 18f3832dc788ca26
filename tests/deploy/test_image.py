"""Test the image: which files reach its builder, what it contains, and that it runs as any user."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from tests.deploy import files
from tests.deploy.image import Image
from tests.serving import ROOT, free_port

LARGEST = 140 * 2**20
"""The largest size of the layers above the base image, in bytes."""

HISTORY_AND_SECRETS = (".git/config", ".env", "instance/rivulet.db", "instance/secret_key")
NOT_NEEDED = (".venv/bin/python", "tests/conftest.py", "bench/run.py", "docs/a.md", "render.yaml", "compose.yaml")
LEFTOVERS = ("chat/__pycache__/config.pyc", "chat/rendering/__pycache__/a.pyc")


@pytest.mark.parametrize("path", [*HISTORY_AND_SECRETS, *NOT_NEEDED, *LEFTOVERS])
def test_nothing_that_does_not_belong_into_the_image_reaches_its_builder(path: str) -> None:
    assert files.ignored(path)


def test_all_that_the_app_is_made_of_reaches_its_builder() -> None:
    there = {path.split("/")[0] for path in files.context()}

    assert there == {
        *("app.py", "gunicorn.conf.py", "requirements.txt", "requirements-local.txt"),
        *("bin", "chat", "static", "templates"),
    }


def test_every_source_that_is_copied_is_there() -> None:
    copies = [
        step.text.split()[:-1] for step in files.dockerfile() if step.name == "COPY" and "--from" not in step.text
    ]

    missing = [source for sources in copies for source in sources if not (ROOT / source).exists()]

    assert copies and missing == []


def test_the_image_runs_as_a_fixed_number_that_is_not_root() -> None:
    assert [step.text for step in files.last_stage("USER")] == ["10001:10001"]


def test_a_volume_is_left_to_whoever_runs_it() -> None:
    # An anonymous volume would hide that the data is deleted with the container; Railway refuses VOLUME.
    assert "VOLUME" not in {step.name for step in files.dockerfile()}


def test_stopping_is_by_the_signal_that_gunicorn_drains_on() -> None:
    assert [step.text for step in files.last_stage("STOPSIGNAL")] == ["SIGTERM"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can enter, like the root of an image."""
    folder = Path(tempfile.mkdtemp(prefix="rivulet-image-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_image_is_built_by_its_own_steps_and_serves_as_somebody_who_may_write_nothing_of_it(folder: Path) -> None:
    image = Image(folder)
    image.build()
    environ = image.environment() | {"PORT": str(free_port()), "SECRET_KEY": token_hex(32)}
    print(f"\nThe image is {image.size() / 2**20:.0f} MB on top of the base image.")

    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            image.command, cwd=image.inside("/app"), env=environ, stdout=log, stderr=log, **image.user
        )
    try:
        healthy = until_healthy(server, image, environ)
    finally:
        server.terminate()
        stopped = server.wait(30)

    said = (folder / "log").read_text()
    assert (healthy, stopped) == (True, 0), said
    assert re.search(r"Rivulet is at http://0\.0\.0\.0:\d+", said) and "Traceback" not in said
    assert {path.stat().st_uid for path in image.inside("/data").iterdir()} == {image.user.get("user", os.geteuid())}
    assert not image.user or not may_write(image, image.inside("/app"))
    assert image.size() < LARGEST


def until_healthy(server: subprocess.Popen[bytes], image: Image, environ: dict[str, str]) -> bool:
    """Run the image's own health check until it passes; return False if the server exits or a minute passes."""
    words = [str(image.root / "usr/local/bin/python"), *files.health_command()[1:]]
    for _ in range(120):
        if subprocess.run(words, env=environ, capture_output=True, **image.user).returncode == 0:
            return True
        if server.poll() is not None:
            return False
        time.sleep(0.5)
    return False


def may_write(image: Image, path: Path) -> bool:
    """Tell whether the image's user can write into a folder."""
    return subprocess.run(["test", "-w", str(path)], **image.user).returncode == 0
