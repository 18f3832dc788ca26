"""Test that each file's own command, with the variables that the file sets, starts a working server."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from chat.storage.schema import HEAD
from tests.deploy import files
from tests.deploy.started import KEY, PATIENCE, Start
from tests.postgres import Postgres

OF_HEROKU = {
    "DYNO": "web.1",
    "WEB_CONCURRENCY": "2",
    "FORWARDED_ALLOW_IPS": "*",
    "GUNICORN_CMD_ARGS": "--access-logfile -",
}
OF_RENDER = {
    "RENDER": "true",
    "FORWARDED_ALLOW_IPS": "*",
    "GUNICORN_CMD_ARGS": "--preload --access-logfile - --bind=0.0.0.0:10000",
}
"""The variables that Heroku's buildpack and Render set for every Python app."""

UNWANTED = r'!!!(?! No admin yet)|HTTP/1\.1"|Traceback'
"""Patterns of warnings, of gunicorn's own access log, and of errors."""


def of_heroku(database_server: Postgres) -> dict[str, str]:
    """Return the environment of a dyno."""
    values = {name: variable.get("value", "") for name, variable in files.heroku()["env"].items()}
    url = database_server.new_database().replace("postgresql://", "postgres://")
    return {**OF_HEROKU, **values, **KEY, "DATABASE_URL": url}


def version_in(url: str) -> str | None:
    """Read the version of a database; None if it is empty."""
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return None
        return connection.execute("SELECT version_num FROM alembic_version").fetchall()[0][0]


def test_heroku(start: Start, database_server: Postgres) -> None:
    environ = of_heroku(database_server)

    server = start(files.procfile()["web"], **environ)

    assert b"200 OK" in server.health()
    assert server.stop() == 0
    assert "Rivulet is at" in server.said and not re.search(UNWANTED, server.said), server.said


def test_heroku_prepares_the_database_before_the_new_code_serves(start: Start, database_server: Postgres) -> None:
    environ = of_heroku(database_server)
    before = version_in(environ["DATABASE_URL"])

    release = start(files.procfile()["release"], **environ)

    assert (release.process.wait(PATIENCE), release.said) == (0, "")
    assert (before, version_in(environ["DATABASE_URL"])) == (None, HEAD)


def test_heroku_keeps_the_old_code_where_the_new_one_could_not_start(start: Start) -> None:
    release = start(files.procfile()["release"], **OF_HEROKU, DATABASE_URL="nonsense", **KEY)

    assert release.process.wait(PATIENCE) == 3
    assert "DATABASE_URL" in release.said and release.said.count("\n") == 1


def test_heroku_without_a_database_warns_and_starts(start: Start) -> None:
    server = start(files.procfile()["web"], **OF_HEROKU, **KEY)

    assert b"200 OK" in server.health()
    server.until_said("Rivulet is at")  # the first worker prints this; another one may have answered the health check
    assert server.said.count("!!! On Heroku the disk is wiped") == 1


def test_render(start: Start, database_server: Postgres) -> None:
    environ = {**OF_RENDER, **files.fixed(files.render()["envVars"]), **KEY}

    server = start(files.render()["startCommand"], **environ, DATABASE_URL=database_server.new_database())

    assert b"200 OK" in server.health()
    assert server.stop() == 0
    assert "Rivulet is at" in server.said and not re.search(UNWANTED, server.said), server.said


def test_fly(start: Start, tmp_path: Path) -> None:
    environ = {**files.image_environ(), **files.fly()["env"], **KEY, "FLY_APP_NAME": "rivulet"}

    server = start(files.image_command(), **environ | {"INSTANCE": str(tmp_path / "data")})

    assert b"200 OK" in server.health()
    assert (tmp_path / "data" / "rivulet.db").exists()
    server.stop(getattr(signal, files.fly()["kill_signal"]))
    assert server.process.returncode == 0


@pytest.mark.parametrize("split", [shlex.split, str], ids=["without a shell", "by a shell"])
def test_railway(
    start: Start, database_server: Postgres, tmp_path: Path, split: Callable[[str], str | list[str]]
) -> None:
    environ = {**files.image_environ(), **KEY, "RAILWAY_SERVICE_ID": "c0ffee"}
    environ |= {"DATABASE_URL": database_server.new_database(), "INSTANCE": str(tmp_path)}
    command = files.railway()["deploy"]["startCommand"]

    server = start(split(command), **environ)

    assert b"200 OK" in server.health()
    assert shlex.split(command) == files.image_command()


def test_the_image(start: Start, tmp_path: Path) -> None:
    server = start(files.image_command(), **files.image_environ() | {"INSTANCE": str(tmp_path / "data")}, **KEY)

    assert b"200 OK" in server.health()


def test_the_image_knows_whether_it_is_healthy_whatever_its_name_and_its_proxy(start: Start, tmp_path: Path) -> None:
    environ = files.image_environ() | {"INSTANCE": str(tmp_path / "data"), "TRUSTED_HOSTS": "chat.example"}
    server = start(files.image_command(), **environ, **KEY)
    server.health()
    asker = server.environ | {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}

    while_it_runs = subprocess.run(files.health_command(), env=asker, check=False)
    server.stop()
    afterwards = subprocess.run(files.health_command(), env=asker, capture_output=True, check=False)

    assert (while_it_runs.returncode, afterwards.returncode) == (0, 1)


def test_compose(start: Start, database_server: Postgres, tmp_path: Path) -> None:
    environ = files.image_environ() | files.compose()["web"]["environment"]
    environ |= {**KEY, "DATABASE_URL": database_server.new_database(), "INSTANCE": str(tmp_path / "data")}

    assert b"200 OK" in start(files.image_command(), **environ).health()
