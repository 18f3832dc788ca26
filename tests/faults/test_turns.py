"""Test simultaneous clicks: one turn for each key, and states that only go forward."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from chat.storage.tables import conversations, messages, people, pieces, replies
from tests.faults.browser import Answer, Browser, replies_in
from tests.faults.harness import ENDS, Model, Server, reply, served, until, until_ended, violations
from tests.faults.model import HEAD, ending, question, words
from tests.scripted import Gate

ROUNDS = 12


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    """A model's server."""
    with Model() as model:
        yield model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Model) -> Iterator[Server]:
    """The app in four processes on SQLite."""
    with served(tmp_path_factory.mktemp("turns"), model, WEB_CONCURRENCY="4") as server:
        yield server


def at_once(*actions: Callable[[], Answer]) -> list[Answer]:
    """Run several functions at the same moment."""
    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result() for future in [pool.submit(action) for action in actions]]


def counted(server: Server) -> tuple[int, int, int]:
    """Count people, conversations and messages."""
    with server.database.read() as connection:
        tables = (people, conversations, messages)
        found = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]
    return found[0], found[1], found[2]


def test_twenty_equal_posts_at_once_are_one_turn(server: Server, model: Model) -> None:
    """F20: a newcomer's double click, at all four processes. In one process: tests/routes/test_messages.py."""
    before = counted(server)
    browser = server.browser()
    form = {"text": question("twenty"), "key": browser.form_key()}

    answers = at_once(*[lambda: server.browser().ask("POST", "/conversations", form, Accept="text/plain")] * 20)

    until(lambda: model.calls["twenty"] == 1)
    assert [after - was for after, was in zip(counted(server), before, strict=True)] == [1, 1, 2]
    assert {answer.status for answer in answers} <= {200, 303, 404}
    assert sum("w19" in answer.body for answer in answers) == 1
    assert model.calls["twenty"] == 1


def test_a_send_while_the_answer_above_is_written_is_refused_and_changes_nothing(server: Server, model: Model) -> None:
    """F21: 409 with a sentence; the text is in the answer's composer."""
    gate = Gate()
    model.will_play("above", [HEAD, *words(0, 3), gate, ending()])
    browser = server.browser()
    sent = browser.send(question("above"))
    before = counted(server)

    path, form = f"/conversations/{sent.conversation}/messages", {"text": "Too early"}
    refused = browser.ask("POST", path, form, Accept="text/html")

    gate.open()
    assert refused.status == 409 and "still being written" in refused.body and "Too early" in refused.body
    assert counted(server) == before and until_ended(server.database, sent.reply).state == "complete"


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_stop_finish_and_retry_race_and_states_only_go_forward(server: Server, model: Model, seed: int) -> None:
    """F22: a stop near the end, two retries at once, from several processes."""
    chance = random.Random(seed)
    browser = server.browser()
    name = f"race-{seed}"
    sent = browser.send(question(name, 10, 0.02))
    page = browser.follow(sent.reply)
    page.until_words(chance.randint(1, 9))

    stop = lambda: browser.post(f"/replies/{sent.reply}/stop")  # noqa: E731
    retry = lambda: browser.post(f"/replies/{sent.reply}/retry")  # noqa: E731
    answers = at_once(*chance.sample([stop, stop, retry, retry], 4))

    first = until_ended(server.database, sent.reply)
    shown = browser.get(f"/conversations/{sent.conversation}").body
    ids = {sent.reply, *replies_in(shown), *(number for answer in answers for number in replies_in(answer.body))}
    ends = [until_ended(server.database, number).state for number in ids]
    assert first.state in {"stopped", "complete"} and set(ends) <= {"stopped", "complete"}
    assert {answer.status for answer in answers} <= {200, 204, 409}
    page.until_over()
    assert violations(server, name, sorted(ids), [page]) == []
    again = reply(server.database, sent.reply)
    assert again and again.state == first.state and again.ended_at == first.ended_at


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_conversation_deleted_in_mid_answer_is_gone_with_all_that_was_said(
    server: Server, model: Model, seed: int
) -> None:
    """F22: a deletion against the writer, a stop and a retry; the model sees its connection end."""
    chance = random.Random(seed)
    browser = server.browser()
    name = f"deleted-{seed}"
    sent = browser.send(question(name, 200, 0.02))
    page = browser.follow(sent.reply)
    page.until_words(chance.randint(1, 20))

    delete = lambda: browser.ask("POST", f"/conversations/{sent.conversation}/deletion", {})  # noqa: E731
    others = [lambda verb=verb: browser.post(f"/replies/{sent.reply}/{verb}") for verb in ("stop", "retry")]
    answers = at_once(*chance.sample([delete, *others], 3))

    until(lambda: model.gone[name] == model.calls[name])
    assert reply(server.database, sent.reply) is None
    assert browser.get(f"/conversations/{sent.conversation}").status == 404
    assert {answer.status for answer in answers} <= {204, 303, 404, 409, 200}
    with server.database.read() as connection:
        assert not connection.execute(select(pieces.c.seq).where(pieces.c.reply_id == sent.reply)).all()
        states = set(connection.execute(select(replies.c.state)).scalars())
    assert states <= ENDS | {"generating"}
    assert list(page.complaints()) == []


def test_what_is_not_mine_is_not_found_and_goes_on(server: Server, model: Model) -> None:
    """F22: a stranger follows, stops, retries, continues and deletes; the answer is still complete."""
    browser, stranger = server.browser(), Browser(server.port)
    sent = browser.send(question("mine", 40, 0.02))
    stranger.send(question("theirs", 1, 0))

    verbs = [f"/replies/{sent.reply}/{verb}" for verb in ("stop", "retry", "continue")]
    tried = [stranger.post(path).status for path in [*verbs, f"/conversations/{sent.conversation}/deletion"]]
    followed = stranger.get(f"/replies/{sent.reply}/generation").status

    assert [*tried, followed] == [404] * 5
    assert until_ended(server.database, sent.reply).state == "complete" and model.calls["mine"] == 1
    assert violations(server, "mine", [sent.reply], []) == []
