"""Load and ask the real demo model. test_problems.py has the tests that need no model."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from chat.providers.answer import CreateResult
from chat.providers.errors import ContextTooLong, Interrupted
from chat.providers.local import MODEL, QUEUED, STARTING, Local
from chat.providers.local.child import INSTALL, Endpoint, find_weights

pytestmark = pytest.mark.skipif(find_weights() is None, reason=f"The demo model is not installed: {INSTALL}")

ROOT = Path(__file__).parents[3]
STORY = "Tell me a long story about the sea."

WORKER = """
import sys
from chat.providers.local import Local
model = Local(sys.argv[1])
for line in sys.stdin:
    answer = model.create_completion("", [{"role": "user", "content": line.strip()}], True, max_tokens=8)
    print(repr(answer.text), flush=True)
"""

GREENLETS = """
from gevent import monkey; monkey.patch_all()
import gevent, sys
from chat.providers.local import Local
ticks, model = [], Local(sys.argv[1])
def tick():
    while True:
        ticks.append(1)
        gevent.sleep(0.01)
gevent.spawn(tick)
def ask(seed):
    return model.create_completion("", [{"role": "user", "content": "Hello!"}], True, max_tokens=8, seed=seed).text
answers = [gevent.spawn(ask, seed) for seed in range(3)]
gevent.joinall(answers, raise_error=True)
print(len(ticks), all(answer.value for answer in answers), flush=True)
"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the model that all tests here share."""
    return tmp_path_factory.mktemp("instance")


@pytest.fixture(scope="module")
def model(instance: Path) -> Iterator[Local]:
    """A model that all tests here share."""
    model = Local(instance)
    yield model
    model.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Local]:
    """A model for one test, not started yet."""
    model = Local(tmp_path)
    yield model
    model.close()


def ask(model: Local, question: str, stream: bool = True, **options: Any) -> CreateResult:
    return model.create_completion(MODEL.id, [{"role": "user", "content": question}], stream, **options)


def started(model: Local) -> None:
    assert ask(model, "Hello!", max_tokens=1).text


def until(happened: Callable[[], bool], patience: float = 10) -> bool:
    deadline = time.monotonic() + patience
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)
    return happened()


def endpoint(model: Local) -> Endpoint:
    assert model.child
    found = model.child.find_endpoint()
    assert found
    return found


def slots(model: Local) -> list[dict[str, Any]]:
    there = endpoint(model)
    answer = requests.get(f"{there.url}/slots", headers={"Authorization": f"Bearer {there.key}"}, timeout=10)
    return answer.json()


def is_writing(model: Local) -> bool:
    return any(slot["is_processing"] for slot in slots(model))


def signal_child(model: Local, number: int) -> None:
    assert model.child and model.child.process
    os.kill(model.child.process.pid, number)


def worker(instance: Path, script: str = WORKER) -> subprocess.Popen[str]:
    """Start a process that asks an instance's model the questions on its stdin."""
    return subprocess.Popen(
        [sys.executable, "-c", script, str(instance)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def hears(process: subprocess.Popen[str], question: str) -> str:
    assert process.stdin and process.stdout
    process.stdin.write(question + "\n")
    process.stdin.flush()
    return process.stdout.readline()


def is_locked(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def children_of(workers: list[subprocess.Popen[str]]) -> list[str]:
    """List the model's processes below some workers."""
    # -ww: without a terminal, ps can cut lines at 80 characters, and a checkout's path can be long.
    table = subprocess.run(["ps", "-ww", "-eo", "ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = (line.split(None, 1) for line in table.splitlines())
    parents = {str(each.pid) for each in workers}
    return [command for parent, command in rows if parent in parents and "server.py" in command]


def test_it_knows_the_capital_of_france(model):
    answers = (ask(model, "What is the capital of France?", seed=seed, max_tokens=40).text for seed in range(6))

    assert any("Paris" in answer for answer in answers)


def test_it_streams_in_pieces_and_tells_how_many_tokens(model):
    answer = ask(model, STORY, max_tokens=12, seed=1)

    pieces = list(answer)

    assert len(pieces) > 1
    assert answer.finish_reason == "length"
    assert answer.usage and answer.usage["completion_tokens"] == 12


def test_an_answer_that_is_not_streamed_comes_in_one_piece(model):
    answer = ask(model, STORY, stream=False, max_tokens=12, seed=1)

    pieces = list(answer)

    assert len(pieces) == 1 and pieces[0]


def test_every_answer_has_the_window_that_the_model_tells(model):
    started(model)

    windows = [slot["n_ctx"] for slot in slots(model)]

    assert windows == [MODEL.window, MODEL.window]


def test_a_conversation_that_is_too_long_is_said_to_be(model):
    answer = ask(model, "word " * 5000)

    with pytest.raises(ContextTooLong, match="too long for this model"):
        list(answer)


def test_only_who_has_the_key_is_answered(model):
    started(model)
    body = {"messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 1}

    answer = requests.post(f"{endpoint(model).url}/v1/chat/completions", json=body, timeout=10)

    assert answer.status_code == 401


def test_the_key_is_for_its_owner_s_eyes_only(model, instance):
    started(model)

    mode = (instance / "local-model.lock").stat().st_mode

    assert mode & 0o777 == 0o600


def test_a_third_asker_waits_and_is_told_so(model):
    first, second, third = (ask(model, STORY, seed=seed) for seed in range(3))
    next(iter(first)), next(iter(second))
    heard: list[str] = []
    waiting = threading.Thread(target=lambda: heard.append(next(iter(third))))

    waiting.start()
    told = until(lambda: third.notice == QUEUED)
    first.close()
    waiting.join(20)

    assert told
    assert heard and third.notice == ""
    second.close()
    third.close()


def test_a_closed_answer_frees_its_slot_also_while_the_question_is_being_read(model):
    started(model)
    answer = ask(model, "word cat " * 1900)
    reading = threading.Thread(target=lambda: list(answer))
    reading.start()
    begun = until(lambda: is_writing(model))

    answer.close()

    assert begun
    assert until(lambda: not is_writing(model), patience=8)
    reading.join(5)
    assert not reading.is_alive()


def test_what_an_earlier_child_left_is_not_believed_and_while_another_starts_it_says_so(own, tmp_path):
    (tmp_path / "local-model.lock").write_text("9 an-old-key\n")
    answer = ask(own, "Hello!", max_tokens=4)
    reading = threading.Thread(target=lambda: list(answer))

    reading.start()
    told = until(lambda: answer.notice == STARTING)
    reading.join(30)

    assert told
    assert answer.text and answer.notice == ""


def test_a_child_killed_in_mid_answer_breaks_it_off_and_the_next_question_starts_another(own):
    answer = iter(ask(own, STORY))
    next(answer)

    signal_child(own, signal.SIGKILL)

    with pytest.raises(Interrupted, match="was stopped"):
        list(answer)
    assert ask(own, "Hello!", max_tokens=4).text


def test_a_signal_to_all_processes_leaves_its_end_to_the_parent(own):
    answer = iter(ask(own, STORY, max_tokens=30, seed=1))
    next(answer)

    signal_child(own, signal.SIGTERM)
    signal_child(own, signal.SIGINT)

    assert len(list(answer)) > 10


def test_two_workers_share_one_child_and_when_its_parent_is_killed_the_other_starts_another(tmp_path):
    lock = tmp_path / "local-model.lock"
    workers = [worker(tmp_path), worker(tmp_path)]
    with workers[0], workers[1]:
        answers = [hears(each, "Hello!") for each in workers]
        shared = lock.read_text()
        assert all(len(answer) > 3 for answer in answers)

        workers[0].kill()

        assert until(lambda: not is_locked(lock), patience=1)
        assert len(hears(workers[1], "Hello!")) > 3
        assert lock.read_text() != shared
        workers[1].kill()


def test_workers_that_ask_at_the_same_moment_start_one_child(tmp_path):
    with worker(tmp_path) as first, worker(tmp_path) as second, worker(tmp_path) as third:
        workers = [first, second, third]
        answers: list[str] = []
        askers = [threading.Thread(target=lambda each=each: answers.append(hears(each, "Hello!"))) for each in workers]

        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join(40)

        assert len(answers) == 3 and all(len(answer) > 3 for answer in answers)
        # A process that finds the lock taken waits a second for it before it exits.
        assert until(lambda: len(children_of(workers)) == 1)


def test_a_parent_that_is_told_to_end_takes_the_child_with_it(tmp_path):
    lock = tmp_path / "local-model.lock"
    with worker(tmp_path) as parent:
        hears(parent, "Hello!")
        assert is_locked(lock)

        parent.terminate()

        assert until(lambda: not is_locked(lock), patience=2)


def test_under_gevent_three_greenlets_are_answered_and_the_others_go_on(tmp_path):
    pytest.importorskip("gevent")

    with worker(tmp_path, GREENLETS) as process:
        told, _ = process.communicate(timeout=60)

    ticks, answered = told.split()
    assert answered == "True"
    assert int(ticks) > 10
