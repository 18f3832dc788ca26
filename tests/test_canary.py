"""Test that the canary sees a secret wherever a test would show one, and ignores the allowed places."""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import requests
from flask import Flask, Response

from chat.config import WrongSetting
from chat.providers.errors import BadKey
from chat.storage.database import Database
from tests.looking import watching, watching_databases
from tests.marked import MARK, SECRETS
from tests.postgres import Postgres
from tests.serving import OURS, ROOT, Gunicorn, Upstream

SECRET = SECRETS["OPENAI_API_KEY"]


def asked(body: Response) -> None:
    """Ask an app that answers with a text."""
    app = Flask("careless")
    app.add_url_rule("/", view_func=lambda: body)
    with app.test_client().get("/") as response:
        response.get_data()


def logged_with_its_traceback() -> None:
    """Log an error whose own words contain the secret."""
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("careless").exception("It broke")


SHOWN: dict[str, Callable[[], object]] = {
    "a body": lambda: asked(Response(f"Your key is {SECRET}")),
    "a stream, cut in the middle of it": lambda: asked(Response(iter([SECRET[:9], SECRET[9:]]))),
    "a header": lambda: asked(Response(headers={"X-Debug": SECRET})),
    "a line of the log": lambda: logging.getLogger("careless").error("refused: %s", SECRET),
    "a field of the log": lambda: logging.getLogger("careless").error("refused", extra={"fields": {"key": SECRET}}),
    "a traceback": logged_with_its_traceback,
    "a sentence of a provider": lambda: BadKey(f"The key {SECRET} is wrong."),
    "a sentence about a setting": lambda: WrongSetting(f"OPENAI_API_KEY can't be {SECRET}."),
}


@pytest.mark.parametrize("where", SHOWN)
def test_a_secret_that_is_shown_fails_the_test(where: str) -> None:
    """LC 26-32625, 31951, 44653; ALLM 24-5213, 6842, 26-24477, 24-7783; OW 26-59222; GR 23-25823, 26-27167."""
    with pytest.raises(AssertionError, match="A secret was shown"), watching():
        SHOWN[where]()


@pytest.mark.parametrize("name", ["rivulet.db", "rivulet.db-wal", "stderr", "copies/a.db"])
def test_a_secret_that_is_left_in_a_file_fails_the_test(tmp_path: Path, name: str) -> None:
    watched = tmp_path / "of a test"

    with pytest.raises(AssertionError, match="the file"), watching(watched):
        (watched / name).parent.mkdir(parents=True)
        (watched / name).write_bytes(b"\0\1" + SECRET.encode())
    (watched / name).unlink()


HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
WHOLE = [HEAD + b"\r\n", SECRET.encode()]
CUT = [HEAD + b"\r\n" + SECRET[:9].encode(), SECRET[9:].encode()]
CHUNKED = [HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n%b\r\n" % SECRET[:9].encode()]
CHUNKED += [b"%x\r\n%b\r\n0\r\n\r\n" % (len(SECRET) - 9, SECRET[9:].encode())]


@contextmanager
def careless(answer: list[bytes]) -> Iterator[int]:
    """Serve an answer in pieces; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening, answer), daemon=True).start()
        yield listening.getsockname()[1]


def serve(listening: socket.socket, answer: list[bytes]) -> None:
    """Answer one request."""
    connection, _ = listening.accept()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.recv(1000)
        for piece in answer:
            connection.sendall(piece)


def by_a_socket(port: int) -> None:
    """Ask on a raw socket, and read a few bytes at a time."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while connection.recv(7):
            pass


def by_requests(port: int) -> None:
    """Ask with requests."""
    assert requests.get(f"http://127.0.0.1:{port}/", timeout=20).text == SECRET


def by_asyncio(port: int) -> None:
    """Ask as the tests' routers do, in a separate thread: a browser's loop can be running in this one."""

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(lambda: asyncio.run(ask())).result()


@pytest.mark.parametrize("ask", [by_a_socket, by_requests, by_asyncio])
@pytest.mark.parametrize("answer", [WHOLE, CUT, CHUNKED], ids=["whole", "cut", "cut into chunks"])
def test_a_secret_that_a_server_of_ours_answers_fails_the_test(
    monkeypatch: pytest.MonkeyPatch, answer: list[bytes], ask: Callable[[int], None]
) -> None:
    with careless(answer) as port:
        monkeypatch.setattr("tests.watches.OURS", {port})

        with pytest.raises(AssertionError, match="an answer of the server"), watching():
            ask(port)


def test_what_others_answer_is_not_looked_at() -> None:
    with careless(WHOLE) as port:
        by_requests(port)


def test_a_server_of_ours_has_the_secrets_and_its_port_is_known(tmp_path: Path) -> None:
    with Upstream() as model:
        server = Gunicorn(tmp_path, model)
    server.start()
    known = server.port in OURS
    server.kill()

    assert known and server.port not in OURS
    assert {name: server.environ[name] for name in SECRETS} == SECRETS


LEAVES = """
import pytest
from tests.marked import SECRETS

@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("of the module")
    yield folder
    (folder / "stderr").write_text(SECRETS["METRICS_TOKEN"])

def test_something(folder):
    assert folder.is_dir()
"""


def test_a_secret_that_a_fixture_of_a_module_leaves_fails_the_module(tmp_path: Path) -> None:
    (tmp_path / "test_careless.py").write_text(LEAVES)
    left = tmp_path / "left"
    options = ["-p", "tests.canary", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", f"--basetemp={left}"]

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    shutil.rmtree(left)

    assert "A secret was shown in the file stderr" in ran.stdout and "1 passed, 1 error" in ran.stdout


@pytest.mark.parametrize("value", [f"'{SECRET}'::text", f"'{SECRET}'::bytea", f"""'{{"key": ["{SECRET}"]}}'::jsonb"""])
def test_a_secret_that_is_left_in_a_database_of_postgres_fails_the_module(
    database_server: Postgres, value: str
) -> None:
    database = Database(database_server.new_database())

    told = "the table kept of rivulet_"
    with (
        pytest.raises(AssertionError, match=told),
        watching_databases(database_server),
        database.write() as connection,
    ):
        connection.exec_driver_sql(f"CREATE TABLE kept AS SELECT {value} AS value")
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE kept")
    database.dispose()


def test_a_secret_in_the_log_of_postgres_fails_the_module(database_server: Postgres) -> None:
    told = "the log of Postgres"
    with (
        pytest.raises(AssertionError, match=told),
        watching_databases(database_server),
        pytest.raises(psycopg.Error),
    ):
        database_server.command(f"SELECT missing('{SECRET}')")
    database_server.log.write_bytes(b"")


def test_files_that_are_there_to_hold_a_secret_may(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={SECRET}")
    (tmp_path / "secret_key").write_text(SECRETS["SECRET_KEY"])


def test_every_secret_of_the_suite_is_marked(settings: dict[str, str]) -> None:
    assert all(MARK in secret for secret in SECRETS.values())
    assert {name: getattr(settings, name.lower()) for name in SECRETS} == SECRETS


def test_every_test_is_watched(request: pytest.FixtureRequest) -> None:
    assert "canary" in request.fixturenames
