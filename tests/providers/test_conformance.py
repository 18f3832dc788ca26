"""Test that every provider of Chat Completions reads every quirk of servers (see quirks/README.md)."""

from __future__ import annotations

import pytest

from chat.providers.errors import ContextTooLong, Interrupted
from chat.providers.finish_reasons import finish_of
from tests.providers.playing import Heard, Quirk, heard, player, quirks, speakers, splits
from tests.providers.server import Server

__all__ = ["player"]

QUIRKS = quirks()
SPEAKERS = speakers()
IN_A_STREAM = [quirk for quirk in QUIRKS if quirk.name.startswith("error-")]
TEXT_BEFORE = b'data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'


def named(quirk: Quirk) -> str:
    return quirk.name


def told(it: Heard) -> dict[str, object]:
    """Describe the outcome in the words of a quirk's header."""
    said: dict[str, object] = {"text": it.text, "thoughts": it.result.reasoning}
    if it.error is None:
        return said | {"finish": it.result.finish_reason}
    return said | {"error": type(it.error).__name__}


def expected(quirk: Quirk) -> dict[str, object]:
    said = {"text": quirk.expected["text"], "thoughts": quirk.expected.get("thoughts", "")}
    if "error" not in quirk.expected:
        return said | {"finish": quirk.expected["finish"]}
    return said | {"error": quirk.expected["error"][0]}


def check_more(quirk: Quirk, it: Heard) -> None:
    """Check the results that only some quirks describe."""
    if it.error is not None:
        assert quirk.expected["error"][1] in str(it.error)
    if "window" in quirk.expected:
        assert isinstance(it.error, ContextTooLong) and it.error.window == quirk.expected["window"]
    if "usage" in quirk.expected:
        assert it.result.usage == quirk.expected["usage"]
    if "says" in quirk.expected:
        end = finish_of(it.result, bool(it.text))
        sentence = end.after_text if it.text else end.without_text
        assert quirk.expected["says"] in sentence and bool(sentence) == bool(quirk.expected["says"])


def test_the_table_has_providers_that_speak_chat_completions_and_there_are_quirks() -> None:
    assert {"openai", "local"} <= set(SPEAKERS)
    assert len(QUIRKS) >= 150
    assert all(quirk.expected["servers"] and quirk.expected["quirk"] for quirk in QUIRKS)


@pytest.mark.parametrize("speaker", SPEAKERS)
@pytest.mark.parametrize("quirk", QUIRKS, ids=named)
def test_a_quirk_is_read_however_it_is_cut(player, speaker: str, quirk: Quirk) -> None:
    for parts in splits(quirk.response()):
        player.parts = parts
        it = heard(SPEAKERS[speaker]())

        assert told(it) == expected(quirk), f"cut into {len(parts)}: {it.error}"
        check_more(quirk, it)


@pytest.mark.parametrize("speaker", SPEAKERS)
@pytest.mark.parametrize("quirk", IN_A_STREAM, ids=named)
def test_an_error_after_text_keeps_the_text_and_is_told(player, speaker: str, quirk: Quirk) -> None:
    for parts in splits(Quirk(quirk.name, quirk.expected, TEXT_BEFORE + quirk.body).response()):
        player.parts = parts
        it = heard(SPEAKERS[speaker]())

        assert (it.text, type(it.error)) == ("Hel", Interrupted)
        assert "was interrupted" in str(it.error)


@pytest.mark.parametrize("quirk", [quirk for quirk in QUIRKS if quirk.name.startswith("tags-")][::6], ids=named)
def test_a_quirk_is_read_over_a_real_socket(monkeypatch: pytest.MonkeyPatch, quirk: Quirk) -> None:
    monkeypatch.setattr("tests.providers.playing.URL", "")
    with Server([quirk.response()]) as server:
        monkeypatch.setattr("tests.providers.playing.URL", f"{server.url}/v1")

        assert told(heard(SPEAKERS["openai"]())) == expected(quirk)
