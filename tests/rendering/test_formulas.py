"""Test formulas."""

from __future__ import annotations

import re
import unicodedata

import pytest

from chat.rendering import formulas
from chat.rendering.time_budget import TimeBudget
from tests.rendering import pictures
from tests.rendering.checks import checked
from tests.rendering.commands import COMMANDS, SOURCE

PLENTY = TimeBudget(1e9)

DRAWN = [
    r"x = \frac{-b \pm \sqrt{b^2-4ac}}{2a}",
    r"\sum_{i=1}^n i^2 \le \int_0^\infty e^{-x}\,dx",
    r"\begin{pmatrix}1&2\\3&4\end{pmatrix}",
    r"f(x)=\begin{cases}1&x>0\\0&\text{else}\end{cases}",
    r"\begin{aligned}a&=b\\&=c\end{aligned}",
    r"\mathbb{E}[X \mid Y] \sim \mathcal{N}(0, \sigma^2)",
    r"\left\{ x \in \mathbb{R} \right\}, \quad \vec{v} \cdot \hat{n}",
    r"\underbrace{a+b}_{c} \xrightarrow{f} \boxed{d}",
    r"a < b > c & d",
    r"\text{<script>alert(1)</script>}",
]

SHOWN = [
    "",
    "{",
    r"\frac",
    r"x^2^3",
    r"\quux",
    r"\def\a{\a\a}\a",
    r"\newcommand{\a}{\b\b}\newcommand{\b}{\a\a}\a",
    r"\newcommand{\d}{x} \d",
    r"\hat" * 200 + "x",
    "{" * 900,
    r"\left(" * 100,
    "x" * 1001,
]


@pytest.mark.parametrize("source", DRAWN)
def test_a_formula_is_drawn(source: str) -> None:
    html = formulas.draw(source, True, PLENTY)

    assert html.startswith('<span class="formula formula--display" tabindex="0"><math display="block" translate="no">')
    assert checked(html)


@pytest.mark.parametrize("source", SHOWN)
def test_what_cannot_be_drawn_is_shown(source: str) -> None:
    html = formulas.draw(source, False, PLENTY)

    assert html.startswith('<code class="math" ')
    assert checked(html).text == source


def test_without_time_left_the_source_is_shown() -> None:
    assert formulas.draw("x", False, TimeBudget(0)) == '<code class="math" translate="no">x</code>'


def test_a_formula_in_a_text_is_inline_or_on_its_own() -> None:
    assert 'display="inline"' in formulas.draw("x", False, PLENTY)
    assert 'display="block"' in formulas.draw("x", True, PLENTY)


@pytest.mark.parametrize("source", COMMANDS)
def test_a_command_is_drawn_or_shown_as_the_docs_say(source: str) -> None:
    html = formulas.draw(source, True, PLENTY)

    assert html.startswith("<code" if COMMANDS[source] == SOURCE else "<span")
    assert checked(html) and " style=" not in html.partition("<annotation")[0]
    assert not lost(source, checked(html).text)


def lost(source: str, drawn: str) -> set[str]:
    """Return the letters and digits that a drawing lacks, found sign by sign, unlike in the code."""
    plain = unicodedata.normalize("NFKD", drawn)
    outside = re.sub(r"\\(?:begin|end)\{[^}]*\}(?:\[[a-z]\])?(?:\{[lcr|0-9]+\})?|\[\d+pt\]|\\[a-zA-Z]+", " ", source)
    outside = re.sub(r"\{(?:red|blue|0pt|1em|0)\}", " ", outside)
    return {sign for sign in outside if sign.isalnum() and sign not in plain}


def test_the_docs_hold_the_table_of_commands() -> None:
    assert (pictures.DOCS / "formulas.md").read_text() == pictures.table()
    assert len(COMMANDS) == 120


@pytest.mark.parametrize("source", [r"x % and y", r"a \vspace{1em} b", r"\newcommand{\F}{x} \F", r"\ce{H2O}", r"x^2''"])
def test_what_would_lose_a_letter_is_shown(source: str) -> None:
    assert checked(formulas.draw(source, True, PLENTY)).text == source


@pytest.mark.parametrize("letters", ["x", "abc", "12", "é", "中", "α", "Tr"])
def test_a_drawing_that_lacks_a_letter_is_refused(monkeypatch: pytest.MonkeyPatch, letters: str) -> None:
    monkeypatch.setattr(formulas, "rewrite", lambda source: source.replace(letters[-1], "", 1))

    assert formulas.draw(f"y + {letters}", True, PLENTY).startswith("<code")


def test_the_source_stands_beside_the_drawing() -> None:
    html = formulas.draw("a<b", True, PLENTY)

    assert '<annotation encoding="application/x-tex">a&lt;b</annotation></semantics></math>' in html
