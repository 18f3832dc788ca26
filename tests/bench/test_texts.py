"""Test that each kind of the fake provider's texts renders as its name says."""

from __future__ import annotations

import json
import re

import pytest

from bench.texts import KINDS, around, length
from chat import rendering

COUNTS = {"words": ("<p", 1), "prose": ("<p", 2), "list": ("<li", 6), "table": ("<tr", 13), "fence": ("<pre", 1)}
"""The elements that 72 tokens of each kind become, with their counts."""


def said(kind: str, tokens: int) -> str:
    """Join a text whose words are as long as a stamp."""
    parts = (around(kind, number) for number in range(tokens))
    return json.loads(b'"' + b"".join(before + b"Q123456789Z" + after for before, after in parts) + b'"')


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_text_becomes_what_it_is_called(kind: str) -> None:
    tag, count = COUNTS[kind]

    assert len(re.findall(rf"{tag}\b", rendering.render(said(kind, 72), "m1"))) == count


@pytest.mark.parametrize("kind", KINDS)
def test_the_length_of_a_text_is_known_before_it_is_said(kind: str) -> None:
    assert length(kind, 72) == len(said(kind, 72).encode())
