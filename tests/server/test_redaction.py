"""Test that strings like API keys are blanked, in the log and in servers' messages, and that other words stay."""

from __future__ import annotations

import pytest

from chat.server.logs import redact

KEYS = {
    "sk-proj-abcdefgh12345678": "…",
    "sk-ab12": "…",
    "pk_live_abcdefgh": "…",
    "gsk_abcdefgh12345678": "…",
    "xai-abcdefgh12345678": "…",
    "key-abcdefgh12345678": "…",
    "AIzaSyA1234567890": "…",
    "AIzaSyAabcdefgh12345678901234567890": "…",
    "ab*********78": "…",
    "sk-ab*********5678.": "…",
    "Bearer abc.def.78": "Bearer …",
    "Basic YWJjZGVmZ2g6MTIzNDU2Nzg=": "Basic …",
    "Authorization: Bearer abcdefgh.12345678": "Authorization: Bearer …",
    "{'Authorization': 'Bearer abcdefgh12345678'}": "{'Authorization': 'Bearer …'}",
    '{"authorization": "Basic YWJjZGVmZ2g="}': '{"authorization": "Basic …"}',
    "authorization=abcdefgh12345678": "authorization=…",
}


@pytest.mark.parametrize("words", KEYS)
def test_what_looks_like_a_key_is_blanked_and_the_words_around_it_stay(words: str) -> None:
    assert redact(f"Before {words} after") == f"Before {KEYS[words]} after"


@pytest.mark.parametrize(
    "words", ["sk-1 asking task-by-task key=value", "** bold **", "the key is wrong", "secret_key.py, line 12"]
)
def test_what_is_no_key_stays(words: str) -> None:
    assert redact(words) == words


@pytest.mark.parametrize(
    "words", ["*" * 60_000, "x" * 60_000, "sk-" * 20_000, "Authorization" * 5_000, f"{'x' * 60_000}***"]
)
def test_a_long_text_is_read_to_its_end(words: str) -> None:
    assert len(redact(words)) <= len(words)
