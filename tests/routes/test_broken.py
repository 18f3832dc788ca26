"""Test broken streams from gunicorn: an answer names the address where it continues, or its connection breaks
visibly."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from requests.exceptions import ChunkedEncodingError

from tests.asking import PAGE, TEXT
from tests.marked import PASSWORD
from tests.routes.broken import QUOTED
from tests.scripted import Gate
from tests.serving import Gunicorn, Upstream, upstream
from tests.turns import eventually

ADMIN = {"ADMIN_EMAIL": "ann@example.org", "ADMIN_PASSWORD": PASSWORD}
SIGN_IN = {"email": "ann@example.org", "password": PASSWORD}


class Broken(Gunicorn):
    """The app with streams that break."""

    module = "tests.routes.broken"


@pytest.fixture(scope="module")
def model() -> Iterator[Upstream]:
    """A model's server."""
    with upstream() as model:
        yield model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Upstream) -> Iterator[Broken]:
    """That app under gunicorn."""
    server = Broken(tmp_path_factory.mktemp("gunicorn"), model, **ADMIN)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def browser(server: Broken) -> Iterator[requests.Session]:
    """A browser of the admin."""
    with requests.Session() as browser:
        browser.trust_env = False
        assert browser.post(f"{server.url}/sign-in", data=SIGN_IN).ok
        yield browser


def begin(server: Broken, browser: requests.Session, model: Upstream, form: dict[str, str], *gates: Gate) -> str:
    """Ask as a program or a browser does; return all bytes received."""
    model.will_say("One, ", *gates, "two.")
    return browser.post(f"{server.url}/conversations", data={"text": "Count"}, headers=form).text


def address_in(text: str) -> str:
    """Read the address where an answer continues."""
    return text[text.index("/conversations/") : text.rindex("]")]


def test_bare_text_ends_with_where_it_goes_on(server: Broken, browser: requests.Session, model: Upstream) -> None:
    text = begin(server, browser, model, TEXT)

    assert text.startswith("One, ") and "[Something went wrong on the server. The rest will be at " in text
    eventually(lambda: "One, two." in browser.get(server.url + address_in(text)).text)


def test_a_page_without_javascript_is_led_to_its_conversation(
    server: Broken, browser: requests.Session, model: Upstream
) -> None:
    page = begin(server, browser, model, PAGE)

    assert '<meta http-equiv="refresh" content="1; url=/conversations/' in page and "</html>" not in page


def test_events_end_without_their_last_one_and_are_followed_again(
    server: Broken, browser: requests.Session, model: Upstream
) -> None:
    gate = Gate()
    told = address_in(begin(server, browser, model, TEXT, gate)).replace(".txt", ".json")
    reply = browser.get(server.url + told).json()["messages"][-1]["id"]

    events = browser.get(f"{server.url}/replies/{reply}/generation").text
    gate.open()

    assert "One," in events and events.endswith(": broken\n\n") and f'hx-target="#reply-{reply}" ' not in events


@pytest.mark.parametrize("path", ["/admin/audit.csv", "/admin/audit.jsonl"])
def test_where_nothing_can_be_said_the_connection_breaks_and_the_log_quotes_nothing(
    server: Broken, browser: requests.Session, path: str
) -> None:
    answer = browser.get(server.url + path, stream=True)

    with pytest.raises(ChunkedEncodingError):
        for _ in answer.iter_content(None):
            pass

    log = server.log.read_text()
    assert answer.status_code == 200 and "a stream failed with OperationalError" in log
    assert QUOTED not in log and "Error handling request" not in log


@pytest.mark.skipif(not shutil.which("curl"), reason="This test needs curl.")
def test_curl_fails_where_a_file_is_cut(server: Broken, browser: requests.Session, tmp_path: Path) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    done = subprocess.run(
        [
            "curl",
            "-q",
            "-sS",
            "--noproxy",
            "*",
            "-b",
            cookie,
            "-o",
            str(tmp_path / "file"),
            f"{server.url}/admin/audit.csv",
        ],
        check=False,
    )

    assert done.returncode == 18 and "signed_in" in (tmp_path / "file").read_text()
