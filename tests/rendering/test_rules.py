"""Test each example of docs/rendering.md, whole and while it grows."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from chat import rendering
from tests.rendering.checks import begun, checked, text_of

PAGE = Path(__file__).parents[2] / "docs" / "rendering.md"

CODE = r"(`+)(?!`) ?((?:(?!(?<!`)\{0}(?!`)).)*?) ?(?<!`)\{0}(?!`)"
EXAMPLE = re.compile(rf": {CODE.format(1)} → {CODE.format(3)}$", re.MULTILINE)

REPLACED = ('<ul dir="rtl"><li>Vue</li>',)
"""Prefixes of HTML that a page receives whole at the end: a list's first item can't know later items' letters."""

KEPT = re.compile(r' dir="(?:rtl|ltr)"')
MATH = re.compile(r"<span class=\"formula[^>]*>(<math.*?</math>)</span>|<math.*?</math>", re.DOTALL)
FIGURE = re.compile(r"<figure.*?<pre[^>]*>(.*?)</pre></figure>", re.DOTALL)


def examples() -> list[tuple[str, str]]:
    """Read each example's text and its HTML."""
    lines = PAGE.read_text().splitlines()
    found = [EXAMPLE.search(line) for line in lines if line.startswith("- ") and " → " in line]
    return [(match[2].replace("⏎", "\n"), match[4].replace("⏎", "\n")) for match in found if match]


def outlined(html: str) -> str:
    """Remove the parts of the HTML that the page leaves out."""
    html = FIGURE.sub(lambda code: "<pre>" + re.sub("<[^>]*>", "", code[1]) + "</pre>", MATH.sub("<math/>", html))
    html = re.sub(r"</?div[^>]*>", "", html)
    return re.sub(r"<(\w+)([^>]*?)(/?)>", lambda tag: f"<{tag[1]}{''.join(KEPT.findall(tag[2]))}{tag[3]}>", html)


def drawn(html: str, expected: str) -> str:
    """Return what an example states about its HTML: the outline, or the text."""
    assert checked(html)
    return outlined(html) if expected.startswith("<") else text_of(html)


def test_every_rule_with_an_arrow_has_an_example_that_is_read() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if " → " in line]

    assert len(examples()) == len(lines) >= 55


@pytest.mark.parametrize(("written", "expected"), examples())
def test_an_example_is_drawn_as_the_page_says(written: str, expected: str) -> None:
    assert drawn(rendering.render(written, "m1"), expected) == expected


@pytest.mark.parametrize(("written", "expected"), examples())
def test_an_example_that_grows_ends_as_the_page_says(written: str, expected: str) -> None:
    for seed in range(5):
        page, growing = begun()
        chance, start = random.Random(seed), 0
        while start < len(written):
            end = start + chance.randint(1, 7)
            page.apply(growing.feed(written[start:end], start * 0.02))
            start = end
        messages, shown = growing.end()
        page.apply(messages)

        assert rendering.digest(page.html) == shown
        assert drawn(page.html, expected) == expected or expected.startswith(REPLACED)
