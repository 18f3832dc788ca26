"""Test that the fake provider speaks the OpenAI protocol, sends the requested answer, and logs its times."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from bench import servers
from bench.stamps import ROUND, STAMP
from bench.texts import KINDS, length
from bench.upstream import Wish, wish_in
from chat.providers.openai import OpenAICompatible


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """The address of a running fake provider."""
    with servers.upstream() as url:
        yield url


def said(url: str, text: str) -> str:
    """Ask it through our own provider."""
    provider = OpenAICompatible(url)
    return "".join(provider.create_completion("bench", [{"role": "user", "content": text}], stream=True))


def test_a_wish_is_read_from_a_message() -> None:
    assert wish_in("bench id=7 tokens=200 rate=20 kind=list") == Wish(7, 200, 20.0, "list")


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_as_many_stamped_tokens_as_are_wished(upstream: str, kind: str) -> None:
    text = said(upstream, f"bench tokens=300 rate=0 kind={kind}")

    assert len(set(STAMP.findall(text.encode()))) == 300
    assert len(text) == length(kind, 300)


def test_it_says_no_token_before_it_is_due(upstream: str) -> None:
    text = said(upstream, "bench id=8 tokens=5 rate=100")

    last, came = int(STAMP.findall(text.encode())[-1], 16), log(upstream)["8"][0]
    assert (last - came) % ROUND >= 40_000


def test_it_notes_when_a_request_came_and_when_its_first_token_went(upstream: str) -> None:
    log(upstream)
    before = time.monotonic_ns() // 1000

    text = said(upstream, "bench id=7 tokens=3")

    [[came, went]] = [moments for name, moments in log(upstream).items() if name == "7"]
    assert before <= came <= went
    assert went % ROUND == int(STAMP.findall(text.encode())[0], 16)
    assert log(upstream) == {}


def log(url: str) -> dict[str, list[int]]:
    """Fetch its log."""
    return requests.get(url.removesuffix("/v1") + "/log").json()
