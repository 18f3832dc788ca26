"""Test the app under SCRIPT_NAME in gunicorn, which alone would refuse paths that a proxy has stripped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.asking import PAGE, TEXT
from tests.routes.test_broken import Broken
from tests.serving import Upstream, upstream


@pytest.fixture(scope="module")
def model() -> Iterator[Upstream]:
    """A model's server."""
    with upstream() as model:
        yield model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Upstream) -> Iterator[Broken]:
    """The app under a path, with streams that break."""
    server = Broken(tmp_path_factory.mktemp("gunicorn"), model, SCRIPT_NAME="/chat")
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.mark.parametrize("path", ["/healthz", "/chat/healthz", "/readyz", "/chat/readyz", "/chat", "/"])
def test_it_answers_with_the_path_and_without(server: Broken, path: str) -> None:
    assert requests.get(f"{server.url}{path}", timeout=10).status_code == 200


def test_the_log_says_where_it_is_with_the_path(server: Broken) -> None:
    assert f"Rivulet is at {server.url}/chat (Ctrl+C stops it)." in server.log.read_text()


@pytest.mark.parametrize(
    ("form", "farewell"),
    [
        (TEXT, "The rest will be at /chat/conversations/{}.txt]"),
        (PAGE, '<meta http-equiv="refresh" content="1; url=/chat/conversations/{}">'),
    ],
    ids=["bare text", "page"],
)
@pytest.mark.parametrize("path", ["", "/chat"], ids=["the path is taken off", "the path is left on"])
def test_a_stream_that_breaks_says_where_it_goes_on_under_the_path(
    server: Broken, model: Upstream, form: dict[str, str], farewell: str, path: str
) -> None:
    model.will_say("One, ", "two.")

    said = requests.post(f"{server.url}{path}/conversations", data={"text": "Count"}, headers=form, timeout=20).text

    assert any(farewell.format(number) in said for number in range(1, 5)), said
