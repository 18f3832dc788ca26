"""The sign of life for those who watch the process."""

from __future__ import annotations

from flask.testing import FlaskClient


def test_a_process_that_lives_says_ok(client: FlaskClient) -> None:
    response = client.get("/healthz")

    assert (response.status_code, response.mimetype, response.text) == (200, "text/plain", "ok\n")
