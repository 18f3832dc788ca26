"""Test /metrics: who may read it, and the sum over several workers."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

import app as front_door
from chat import config
from chat.registry import records
from chat.registry.form import ProviderForm
from tests.asking import HTMX, TEXT, begin
from tests.marked import SECRETS
from tests.scripted import Gate, Scripted
from tests.serving import Gunicorn, gunicorn, upstream
from tests.turns import eventually

KEY = SECRETS["SECRET_KEY"]
TOKEN = SECRETS["METRICS_TOKEN"]
BEARER = {"Authorization": f"Bearer {TOKEN}"}
REMOTE = {"REMOTE_ADDR": "192.0.2.7"}
FORWARDED = {"X-Forwarded-For": "127.0.0.1"}


def built(tmp_path: Path, **environ: str) -> Flask:
    """Create an app with a token for its metrics."""
    known = {"INSTANCE": str(tmp_path / "instance"), "SECRET_KEY": KEY, "METRICS_TOKEN": TOKEN}
    return front_door.build(config.load({**known, **environ}), {"scripted": Scripted()})


def test_on_this_machine_anyone_reads_them(client: FlaskClient) -> None:
    begin(client)

    response = client.get("/metrics")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'rivulet_requests_total{route="/conversations",method="POST",status="2xx"} 1\n' in response.text


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
@pytest.mark.parametrize("environ", [{}, {"HOST": "0.0.0.0"}, {"ACCESS": "open", "TRUSTED_HOSTS": "chat.example"}])
def test_on_this_machine_they_are_read_whoever_may_chat(tmp_path: Path, environ: dict[str, str], host: str) -> None:
    client = built(tmp_path, **environ).test_client()

    assert client.get("/metrics", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("environ", [{"HOST": "0.0.0.0"}, {"ACCESS": "open", "TRUSTED_HOSTS": "chat.example"}])
def test_whoever_has_the_token_reads_them_from_anywhere_by_any_name(tmp_path: Path, environ: dict[str, str]) -> None:
    client = built(tmp_path, **environ).test_client()

    response = client.get("/metrics", headers={**BEARER, "Host": "10.1.2.3:8000"}, environ_overrides=REMOTE)

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({}, "192.0.2.7"),
        ({"Authorization": "Bearer another"}, "192.0.2.7"),
        ({"Authorization": "Bearer "}, "192.0.2.7"),
        ({"Authorization": f"Basic {TOKEN}"}, "192.0.2.7"),
        ({"Authorization": "Bearer \u00e9"}, "192.0.2.7"),
        (FORWARDED, "192.0.2.7"),
        (FORWARDED, "127.0.0.1"),
        ({"X-Forwarded-For": "127.0.0.1, 127.0.0.1"}, "127.0.0.1"),
        ({"Forwarded": "for=127.0.0.1"}, "127.0.0.1"),
        ({"X-Real-IP": "127.0.0.1"}, "127.0.0.1"),
        ({"Host": "chat.example"}, "127.0.0.1"),
    ],
)
@pytest.mark.parametrize("proxies", ["0", "1", "2"])
def test_for_everybody_else_there_is_no_such_page(
    tmp_path: Path, proxies: str, headers: dict[str, str], address: str
) -> None:
    client = built(tmp_path, ACCESS="open", TRUSTED_PROXIES=proxies).test_client()
    of_whom = {"REMOTE_ADDR": address}

    metrics, nothing = (
        client.get(path, headers=TEXT | headers, environ_overrides=of_whom) for path in ("/metrics", "/metrix")
    )

    assert (metrics.status_code, metrics.text) == (nothing.status_code, nothing.text)
    assert metrics.status_code == 404


def test_without_a_token_none_opens_them(tmp_path: Path) -> None:
    client = built(tmp_path, ACCESS="open", METRICS_TOKEN="").test_client()

    for given in ("Bearer ", "Bearer", "Bearer None", ""):
        headers = TEXT | {"Authorization": given}
        assert client.get("/metrics", headers=headers, environ_overrides=REMOTE).status_code == 404


def test_a_local_instance_shows_strangers_what_it_shows_everywhere(tmp_path: Path) -> None:
    client = built(tmp_path).test_client()

    response = client.get("/metrics", environ_overrides=REMOTE)

    assert response.status_code == 503 and "ACCESS=open" in response.text


def test_a_stream_is_counted_as_long_as_it_is_open(client: FlaskClient, app: Flask, provider: Scripted) -> None:
    gate = Gate()
    provider.will_say("Hel", gate)
    begin(client)
    gate.wait_until_reached()

    follow = client.get("/replies/2/generation", buffered=False)
    open_ = "rivulet_streams 1\n" in client.get("/metrics").text
    gate.open()
    follow.close()

    assert open_ and "rivulet_streams 0\n" in client.get("/metrics").text


def told_by(server: Gunicorn, sample: str) -> float:
    """Read one sample from any worker."""
    text = requests.get(f"{server.url}/metrics", timeout=10, headers={"Connection": "close"}).text
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else -1


def workers_of(server: Gunicorn) -> list[int]:
    """Find the processes of the workers."""
    return [
        int(pid) for pid in Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    ]


def send(server: Gunicorn) -> None:
    """Hold a conversation, to the end of its answer."""
    data = {"text": "Hello?"}
    answer = requests.post(f"{server.url}/conversations", data, headers=TEXT | {"Connection": "close"}, timeout=20)
    assert answer.status_code == 200


def test_a_worker_counts_in_the_same_places_whatever_admins_have_set_up(tmp_path: Path) -> None:
    first = built(tmp_path)
    records.add(
        first.extensions["rivulet"].registry,
        "an admin",
        ProviderForm("acme", "openai", "http://127.0.0.1:9", "sk-a-key-of-acme"),
    )

    second = built(tmp_path)

    assert "acme" in second.extensions["rivulet"].registry
    assert "scripted" in second.extensions["rivulet"].metrics.render()
    assert len(second.extensions["rivulet"].metrics.board.own) == len(first.extensions["rivulet"].metrics.board.own)


SENT = 'rivulet_requests_total{route="/conversations",method="POST",status="2xx"}'


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="This test finds the workers in /proc.")
def test_two_workers_tell_one_sum_and_a_killed_one_still_counts(tmp_path: Path) -> None:
    with upstream() as model, gunicorn(tmp_path, model, WEB_CONCURRENCY="2") as server:
        eventually(lambda: told_by(server, "rivulet_workers") == 2)
        for _ in range(8):
            model.will_say("Hel", "lo")
            send(server)
        pieces = told_by(server, "rivulet_pieces_total")
        told = {told_by(server, SENT) for _ in range(10)}
        before = workers_of(server)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: server.answers() and not set(before) & set(workers_of(server)))
        eventually(lambda: told_by(server, "rivulet_workers") == 2)
        model.will_say("Hel", "lo")
        send(server)

        assert told == {8}
        assert pieces >= 8
        assert told_by(server, SENT) == 9
        assert told_by(server, "rivulet_pieces_total") > pieces
        assert told_by(server, "rivulet_running_answers") == told_by(server, "rivulet_streams") == 0


def test_htmx_asks_for_it_in_vain_from_elsewhere(tmp_path: Path) -> None:
    client = built(tmp_path, ACCESS="open").test_client()

    assert client.get("/metrics", headers=HTMX, environ_overrides=REMOTE).text.startswith('<p class="problem">')
