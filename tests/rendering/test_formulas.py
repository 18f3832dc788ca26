"""Formulas."""

from __future__ import annotations

import pytest

from chat.rendering import formulas
from chat.rendering.allowance import Allowance
from tests.rendering.checks import checked

PLENTY = Allowance(1e9)

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
    html = formulas.formula(source, True, PLENTY)

    assert html.startswith('<math display="block" tabindex="0">')
    assert checked(html)


@pytest.mark.parametrize("source", SHOWN)
def test_what_cannot_be_drawn_is_shown(source: str) -> None:
    html = formulas.formula(source, False, PLENTY)

    assert html.startswith('<code class="math">')
    assert checked(html).text == source


def test_without_time_left_the_source_is_shown() -> None:
    assert formulas.formula("x", False, Allowance(0)) == '<code class="math">x</code>'


def test_a_formula_in_a_text_is_inline_or_on_its_own() -> None:
    assert 'display="inline"' in formulas.formula("x", False, PLENTY)
    assert 'display="block"' in formulas.formula("x", True, PLENTY)
