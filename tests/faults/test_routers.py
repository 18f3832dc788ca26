"""Test platforms' routers: an answer gets through whose model thinks for three minutes before its first word."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.browser import WORD, Browser
from tests.faults.harness import PATIENCE, Hurried, Model, Server, served, violations
from tests.faults.model import HEAD, ending, question, words
from tests.faults.person import AGAIN, Person
from tests.routers import KINDS, Kind, Router

THOUGHT = 180.0
"""How many seconds the model thinks."""

ALL = list(range(20))


@contextmanager
def behind(kinds: tuple[Kind, ...], server: Server) -> Iterator[list[Router]]:
    """Put a router of each kind in front of a server."""
    with ExitStack() as stack:
        yield [stack.enter_context(Router(kind, server.port)) for kind in kinds]


@pytest.mark.parametrize("haste", [20, pytest.param(1, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_three_minutes_of_thinking_get_through_every_router(tmp_path: Path, model: Model, haste: float) -> None:
    """F19: the page that follows, the page without JavaScript and curl, behind each router at the same time."""
    hurried = (kind.faster(haste) for kind in KINDS)
    # With a shorter life, a send can fail to get through.
    kinds = tuple(replace(kind, life=max(1.0, kind.life)) for kind in hurried)
    thinking = [THOUGHT / haste, HEAD, *words(0, 20), ending()]
    environ = {"HASTE": str(haste), "WEB_CONCURRENCY": "2"}
    with served(tmp_path, model, Hurried, **environ) as server, behind(kinds, server) as routers:
        pairs = [(router, way) for router in routers for way in WAYS]
        for router, way in pairs:
            model.will_play(f"{way.__name__}-{router.port}", thinking)
        with ThreadPoolExecutor(len(pairs)) as pool:
            outcomes = {(router.kind.name, way.__name__): pool.submit(way, server, router) for router, way in pairs}

        lost = [which for which, outcome in outcomes.items() if outcome.exception() or not outcome.result()]
        print(*(f"{router.kind.name}: {dict(router.did)}" for router in routers), lost, sep="\n")
        assert lost == []
        assert set(model.calls.values()) == {1}


def followed(server: Server, router: Router) -> bool:
    """Send as the page does and follow, again after each cut; return whether the whole answer came, once."""
    person, name = Person(Browser(router.port)), f"followed-{router.port}"
    sent = person.send(question(name))
    page = person.browser.follow(sent.reply)
    view = page.until_over(THOUGHT + PATIENCE)
    return numbers(view.text) == ALL and violations(server, name, [sent.reply], [page]) == []


def plain(server: Server, router: Router) -> bool:
    """Send without JavaScript; if the page is cut, reload it and let it refresh itself."""
    person, name = Person(Browser(router.port)), f"plain-{router.port}"
    page = person.stream(question(name), "text/html")
    if "</html>" not in page:
        page = refreshed(person, name)
    return numbers(page.rpartition("reply__body")[2]) == ALL


def bare(server: Server, router: Router) -> bool:
    """Ask as curl does, which receives empty lines while the model thinks; read a cut answer in the conversation."""
    person, name = Person(Browser(router.port)), f"bare-{router.port}"
    text = person.stream(question(name), "text/plain")
    if router.kind.life < THOUGHT:
        text = refreshed(person, name, ".txt")
    return numbers(text) == ALL


def refreshed(person: Person, name: str, form: str = "") -> str:
    """Post the form once more, as a reload does, and open its target as often as it refreshes itself."""
    place = person.insist("POST", "/conversations", {"text": question(name), "key": person.key}, Accept="text/html")
    address = re.findall(r"Location: (\S+)", place.head)[0]
    while 'http-equiv="refresh"' in (page := person.insist("GET", address).body):
        time.sleep(AGAIN)
    return person.insist("GET", address + form).body if form else page


def numbers(text: str) -> list[int]:
    """List the numbers of an answer's words."""
    return [int(number) for number in WORD.findall(text)]


WAYS: tuple[Callable[[Server, Router], bool], ...] = (followed, plain, bare)
