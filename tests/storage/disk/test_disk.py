"""Test that a start recognises a disk that each restart empties, on every platform."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import app as front_door
from chat import config
from chat.storage import disk

HEROKU = {"DYNO": "web.1"}
RENDER = {"RENDER": "true"}
RAILWAY = {"RAILWAY_SERVICE_ID": "c0ffee"}
FLY = {"FLY_APP_NAME": "rivulet"}
CLOUD_RUN = {"K_SERVICE": "rivulet"}


@pytest.fixture
def mounts(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The mounts of a machine that is no container; a test adds others."""
    mounts = {"/"}
    monkeypatch.setattr(os.path, "ismount", lambda path: str(path) in mounts)
    monkeypatch.setattr(disk, "CONTAINERS", ("/there/is/none",))
    return mounts


def warned(**environ: str) -> list[str]:
    """Read the warnings of a start that listens on all networks."""
    environ = {"HOST": "0.0.0.0", "INSTANCE": "/data", **environ}
    return disk.warnings(environ, config.load(environ))


@pytest.mark.parametrize(
    "platform", [HEROKU, RENDER, RAILWAY, FLY, CLOUD_RUN], ids=lambda platform: next(iter(platform))
)
@pytest.mark.parametrize("database", ["", "sqlite:////srv/rivulet.db"])
def test_a_platform_whose_disk_is_not_kept_is_named_with_what_to_set(
    mounts: set[str], platform: dict[str, str], database: str
) -> None:
    (said,) = warned(DATABASE_URL=database, **platform)

    assert said.startswith("On ") and "including all chats" in said
    assert "DATABASE_URL" in said and "docs/self-hosting.md" in said


@pytest.mark.parametrize("platform", [HEROKU, RENDER, RAILWAY, FLY, CLOUD_RUN])
@pytest.mark.parametrize("name", ["postgres", "postgresql", "postgresql+psycopg"])
def test_with_postgres_nothing_is_said(mounts: set[str], platform: dict[str, str], name: str) -> None:
    assert warned(DATABASE_URL=f"{name}://rivulet@db.example/rivulet", **platform) == []


@pytest.mark.parametrize("platform", [RENDER, RAILWAY, FLY, CLOUD_RUN])
@pytest.mark.parametrize("folder", ["/data", "/data/deep/within"])
def test_with_a_volume_nothing_is_said(mounts: set[str], platform: dict[str, str], folder: str) -> None:
    mounts.add("/data")

    assert warned(INSTANCE=folder, **platform) == []


def test_a_volume_elsewhere_keeps_nothing(mounts: set[str]) -> None:
    mounts.add("/data")

    (said,) = warned(INSTANCE="/srv", **FLY)

    assert "mount a volume at /srv" in said


def test_a_folder_of_the_app_that_a_platform_mounts_anew_is_no_volume(mounts: set[str]) -> None:
    mounts |= {str(disk.APP), str(disk.APP.parent)}

    assert len(warned(INSTANCE=str(disk.APP / "instance"), **RENDER)) == 1


def test_heroku_has_no_volumes(mounts: set[str]) -> None:
    mounts.add("/data")

    (said,) = warned(**HEROKU)

    assert "volume" not in said


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_who_develops_in_a_container_is_left_in_peace(
    mounts: set[str], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(disk, "CONTAINERS", (__file__,))

    assert warned(HOST=host) == []


def test_a_container_without_a_volume_is_told(mounts: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "CONTAINERS", (__file__,))

    (said,) = warned()
    mounts.add("/data")

    assert said.startswith("In this container") and "mount a volume at /data" in said
    assert warned() == []


def test_a_machine_of_somebodys_own_is_told_nothing(mounts: set[str]) -> None:
    assert warned() == []


def test_the_warning_is_kept_for_those_who_look_after_it(tmp_path: Path) -> None:
    environ = {**HEROKU, "INSTANCE": str(tmp_path), "LOCAL_MODEL": "off"}

    app = front_door.create_app(environ, watching=False)

    assert app.extensions["rivulet"].warnings == disk.warnings(environ, app.extensions["rivulet"].settings) != []
    app.extensions["rivulet"].database.dispose()
