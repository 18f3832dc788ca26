"""Test questions: a person's fences are code, everything else is text, and long ones are folded."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import rendering
from tests.rendering.bombs import SIZE
from tests.rendering.checks import checked

FIGURE = (
    '<figure class="code{}" dir="ltr" translate="no" aria-label="{}"><figcaption>{}</figcaption>'
    '<pre tabindex="0"><code{}>{}</code></pre></figure>'
)


def figure(code: str, label: str = "", language: str = "") -> str:
    kind, name = "" if label else " code--bare", f"{language} code".strip()
    return FIGURE.format(kind, name, label, f' class="language-{language}"' if language else "", code)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# *a* <b>\n\n- c", "# *a* &lt;b&gt;\n\n- c"),
        (
            "Why?\n\n```python\nif a < b:\n  c\n```\n\nSay",
            "Why?" + figure("if a &lt; b:\n  c\n", "python", "python") + "Say",
        ),
        ("```\nopen\n", figure("open\n")),
        ("```", figure("")),
        ("~~~\n```\na\n```\n~~~", figure("```\na\n```\n")),
        ("````\n```\na\n```\n````\nb", figure("```\na\n```\n") + "b"),
        ("1. do\n   ```\n   ls\n   ```\n2. go", "1. do" + figure("   ls\n") + "2. go"),
        ("> ```\n> a\n> ```\nb", "&gt; ```\n&gt; a\n&gt; ```\nb"),
        ("in a line ```a``` of text", "in a line ```a``` of text"),
        ('```"><script>\n</pre>\n```', figure("&lt;/pre&gt;\n", '"&gt;&lt;script&gt;')),
    ],
)
def test_only_the_fences_of_a_question_are_drawn(text: str, html: str) -> None:
    assert rendering.render_question(text) == html


@given(st.lists(st.sampled_from([*"a<&\"' >`~\n", "```", "~~~", "<script>", "</pre>", "- "]), max_size=40).map("".join))
def test_a_question_is_harmless_and_keeps_all_its_words(text: str) -> None:
    page = checked(str(rendering.render_question(text)))

    assert page.text.count("a") == text.count("a")


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("One line.", ""),
        ("\n" + "a\n" * 12 + "\n", ""),
        ("a\n" * 13, "a\n" * 8),
        ("x" * 720, ""),
        ("x" * 721, "x" * 480),
        ("```\n" + "a\n" * 60 + "```", "```\n" + "a\n" * 7),
    ],
)
def test_a_long_question_has_a_beginning(text: str, beginning: str) -> None:
    assert rendering.beginning_of(text) == beginning


@pytest.mark.parametrize(
    "text",
    [
        "```\n" * (SIZE // 4),
        "```md\n" + "```a\n" * (SIZE // 5),
        "```\n```" + " " * SIZE + "`",
        "~~~\n" + "~" * SIZE + "`",
        "> " * (SIZE // 2) + "```",
        "x" * SIZE,
        "[](" * (SIZE // 3),
    ],
)
def test_a_hostile_question_costs_little_time_and_html(text: str) -> None:
    start = time.process_time()

    html = rendering.render_question(text)
    rendering.first_line(text)
    rendering.beginning_of(text)

    assert time.process_time() - start < 1 and len(html) < 8 * len(text)
    assert len(re.findall("<figure", html)) <= 200
