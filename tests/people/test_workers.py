"""Test signing in over several workers, under gevent as it is deployed."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.serving import KEY, gunicorn, upstream
from tests.team import PASSWORD
from tests.turns import eventually


@pytest.mark.parametrize("email", ["ann@example.org", "nobody@example.org"])
def test_twenty_tries_at_once_over_two_workers_are_no_more_than_five(tmp_path: Path, email: str) -> None:
    """LC 25-7105, 26-54037: a limit on one of two ways in."""
    admin = {"ADMIN_EMAIL": "ann@example.org", "ADMIN_PASSWORD": PASSWORD}
    forged = ({"X-Forwarded-For": f"203.0.113.{number}"} for number in range(20))

    with upstream() as model, gunicorn(tmp_path, model, ACCESS="team", WEB_CONCURRENCY="2", **admin) as server:
        with ThreadPoolExecutor(20) as pool:
            form = {"email": email, "password": "not the password"}
            tries = [pool.submit(requests.post, f"{server.url}/sign-in", form, headers=header) for header in forged]
            statuses = Counter(each.result().status_code for each in tries)
        right = requests.post(f"{server.url}/sign-in", {"email": email, "password": PASSWORD})

    assert statuses == {403: 5, 429: 15}
    assert right.status_code == 429 and int(right.headers["Retry-After"]) > 0


def test_two_workers_print_one_link_once_and_know_a_session_from_each_other(tmp_path: Path) -> None:
    with upstream() as model:
        with gunicorn(tmp_path, model, ACCESS="team", WEB_CONCURRENCY="2", SECRET_KEY=KEY) as server:
            eventually(lambda: "Rivulet is at" in server.log.read_text())  # the other worker can start first
            (address,) = re.findall(r"!!! No admin yet.*(/claim/\w+)", server.log.read_text())
            browser = requests.Session()
            place = browser.get(f"{server.url}{address}").url
            claimed = browser.post(place, {"email": "ann@example.org", "password": PASSWORD})
            pages = [browser.get(server.url, headers={"Connection": "close"}) for _ in range(8)]
        with gunicorn(tmp_path, model, ACCESS="team", SECRET_KEY=KEY) as server:
            eventually(lambda: server.log.read_text().count("Rivulet is at") == 2)
            again = server.log.read_text()

    assert claimed.status_code == 200 and {page.url.endswith("/sign-in") for page in pages} == {False}
    assert again.count("No admin yet") == 1
