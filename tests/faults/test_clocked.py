"""Test that no request holds a worker: between two greenlet switches it uses at most 100 ms of CPU time."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from chat import rendering
from tests.faults.browser import Browser, replies_in
from tests.faults.clocked import MOST
from tests.faults.harness import Server, served, until_ended
from tests.faults.model import HEAD, Model, ending, question, said
from tests.providers.server import chunk, head
from tests.turns import lengthened

PROSE = "Some *words* and `code` with [a link](https://example.org/) in a text.\n\n- one\n- **two**\n\n"
SIZES = (100_000, 350, rendering.VERSION), (60_000, 40, rendering.VERSION - 1), (900_000, 40, rendering.VERSION)
HOSTILE = {"deep": "> " * 70_000, "dense": "*a_ <b " * 20_000, "code": "```java\n" + "(<a.: " * 20_000}


def prose(length: int) -> str:
    """Write Markdown with a number of characters."""
    return (PROSE * (length // len(PROSE) + 1))[:length]


class Clocked(Server):
    """The app that notes what held its worker."""

    module = "tests.faults.clocked"


@dataclass
class Scene:
    """A visitor with a conversation of 35 MB, one from an older renderer, and one with a few very long messages."""

    server: Server
    model: Model
    held: Path
    browser: Browser
    long: int
    old: int
    broad: int

    def send(self, name: str, conversation: int | None = None) -> None:
        """Send a message and wait for the end of its answer."""
        until_ended(self.server.database, self.browser.send(question(name, 2), conversation).reply)

    def answer(self, *texts: str) -> None:
        """Let the model say texts, and watch the answer from its first word, and from its last one."""
        self.model.will_play("long", [HEAD, *map(said, texts), 0.5, ending()])
        sent = self.browser.send(question("long"))
        pages = [self.browser.follow(sent.reply)]
        time.sleep(0.3)
        pages.append(self.browser.follow(sent.reply))
        for page in pages:
            page.until_over()
        until_ended(self.server.database, sent.reply)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One worker under the clock, with the long conversations."""
    folder = tmp_path_factory.mktemp("clocked")
    clock = {"HELD": str(folder / "held"), "LEAST": str(MOST), "WEB_CONCURRENCY": "1", "PROMPT_LIMIT": "0"}
    with Model() as model, served(folder / "served", model, Clocked, **clock) as server:
        browser, begun = server.browser(), []
        for length, count, version in SIZES:
            sent = browser.send(question("first", 2))
            until_ended(server.database, sent.reply)
            lengthened(server.database, sent.conversation, [prose(length)] * count, version)
            begun.append(sent.conversation)
        yield Scene(server, model, folder / "held", browser, *begun)


def send(scene: Scene) -> None:
    """Send ten letters in the long conversation."""
    scene.send("ten", scene.long)


def send_without_script(scene: Scene) -> None:
    """Send to it without JavaScript, and receive the whole page."""
    form = {"text": question("plain", 2)}
    answer = scene.browser.ask("POST", f"/conversations/{scene.long}/messages", form, Accept="text/html")
    assert answer.status == 200 and "w1" in answer.body


def open_it(scene: Scene) -> None:
    """Open it."""
    assert replies_in(scene.browser.get(f"/conversations/{scene.long}").body)


def open_what_is_broad(scene: Scene) -> None:
    """Open a conversation of 36 MB in 40 messages."""
    assert replies_in(scene.browser.get(f"/conversations/{scene.broad}").body)


def visit_after_an_upgrade(scene: Scene) -> None:
    """Open an older renderer's conversation, twice."""
    for _ in range(2):
        page = scene.browser.get(f"/conversations/{scene.old}")
        assert page.status == 200 and "<p>Some *words*" not in page.body


def paste(scene: Scene) -> None:
    """Send the longest possible form, with as many separate escapes as possible."""
    sent = scene.browser.send(question("pasted", 2) + "<a" * 250_000)
    until_ended(scene.server.database, sent.reply)


def answer_at_length(scene: Scene) -> None:
    """Watch an answer of 1 MB."""
    scene.answer(*[prose(20_000)] * 50)


def delete(scene: Scene) -> None:
    """Delete a conversation of 35 MB."""
    begun = scene.browser.send(question("first", 2))
    until_ended(scene.server.database, begun.reply)
    lengthened(scene.server.database, begun.conversation, [prose(100_000)] * 350)
    assert scene.browser.post(f"/conversations/{begun.conversation}/deletion").status == 200


def unpack(scene: Scene) -> None:
    """Ask a provider that compresses 100 MB into its answer."""
    bomb = gzip.compress(bytes(100_000_000), 1)
    packed = head("200 OK", "Content-Type: text/event-stream", "Content-Encoding: gzip")
    scene.model.will_play("bomb", [packed, chunk(bomb), ending()])
    scene.send("bomb")


def export(scene: Scene, form: str) -> None:
    """Save a conversation of 35 MB."""
    assert len(scene.browser.get(f"/conversations/{scene.long}.{form}").body) > 35_000_000


REQUESTS = [
    send,
    send_without_script,
    open_it,
    open_what_is_broad,
    visit_after_an_upgrade,
    paste,
    answer_at_length,
    delete,
    unpack,
    *(pytest.param(partial(export, form=form), id=f"export_{form}") for form in ("md", "txt", "json")),
    *(pytest.param(lambda scene, text=text: scene.answer(text), id=f"answer_{name}") for name, text in HOSTILE.items()),
]


@pytest.mark.parametrize("ask", REQUESTS)
def test_nothing_holds_a_worker(scene: Scene, ask: Callable[[Scene], None]) -> None:
    scene.held.write_text("")

    ask(scene)

    assert scene.browser.get("/healthz").status == 200  # by then the worker has switched to another greenlet
    assert scene.held.read_text() == ""


def test_what_holds_a_worker_is_seen(scene: Scene) -> None:
    scene.held.write_text("")

    scene.browser.get(f"/burning/{1.5 * MOST}")

    assert scene.browser.get("/healthz").status == 200
    [held] = scene.held.read_text().splitlines()
    assert float(held.split()[0]) >= 1.5 * MOST
