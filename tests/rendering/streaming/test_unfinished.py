"""Test that half-written markup is never drawn as anything else."""

from __future__ import annotations

import pytest

from tests.rendering.checks import begun, text_of

SILENCE = 60.0


def moments(text: str) -> list[str]:
    """Return the page's text after each letter and a long silence."""
    (page, growing), shown = begun(), []
    for number, sign in enumerate(text):
        page.apply(growing.feed(sign, number * SILENCE))
        page.apply(growing.feed("", number * SILENCE + SILENCE / 2))
        shown.append(page.html)
    return shown


@pytest.mark.parametrize("line", ["- Monday", "--- ", "=> so", "-----\n\nEnd", "- [ ] open"])
def test_an_unfinished_line_underlines_nothing(line: str) -> None:
    text = f"Opening hours\n{line}"

    unfinished = moments(text)[: text.find("\n", 14)]

    assert len(unfinished) > 15
    assert not any("<h" in html for html in unfinished)


@pytest.mark.parametrize(
    "text",
    [
        "10. Steps:\n    - First",
        "- a:\n    - b\n        - c\n            - d",
        "> Options:\n> - a\n> > b\n> > - c",
        "- > Note:\n  > - a",
        "> Total\n> => 5",
        "1.  Long:\n\n    Options:\n    - x",
        "> [!NOTE]\n> Flags\n> --all",
    ],
)
def test_an_unfinished_line_in_a_list_or_a_quotation_underlines_nothing(text: str) -> None:
    assert not any("<h" in html for html in moments(text))


def test_a_finished_line_underlines() -> None:
    assert moments("Opening hours\n---\n")[-1] == '<h2 aria-level="4" dir="auto">Opening hours</h2>'


@pytest.mark.parametrize("fence", ["```python", "~~~python"])
def test_an_unfinished_fence_shows_no_half_label(fence: str) -> None:
    assert not any("<figcaption>p" in html for html in moments(f"See\n\n{fence}"))


@pytest.mark.parametrize(
    "formula", ["$$\nx^2\n\n+ y^2\n$$", "\\[\nx^2\n\n+ y^2\n\\]", "\\begin{align*}\nx^2\n\n+ y^2\n\\end{align*}"]
)
def test_a_formula_that_stands_alone_is_its_source_until_it_ends(formula: str) -> None:
    after_opening = moments(f"Let\n\n{formula}")[len("Let\n\n$$\nx") + (14 if "begin" in formula else 0) :]

    assert all('<code class="math"' in html or "<math" in html for html in after_opening)
    assert not any("x^2" in html.partition("<code")[0] for html in after_opening)


@pytest.mark.parametrize("text", ["5~7", "100~200 and 3~4", "US$ and 20$ or 25$", "2*3*4", "$HOME/bin:$PATH"])
def test_what_is_text_is_text_at_each_moment(text: str) -> None:
    shown = [text_of(html) for html in moments(f"So {text}") if html]

    assert all(f"So {text}".startswith(some.rstrip()) for some in shown)


def test_a_fence_in_a_fence_of_markdown_stays_in_it() -> None:
    text = "```markdown\n# T\n```bash\nls\n```\nend\n```\n"

    shown = moments(text)[len("```markdown\n# T\n") :]

    assert all(html.count("<figure") == 1 and "<h1" not in html for html in shown)


def test_a_paragraph_takes_its_direction_from_most_of_its_letters_as_they_come() -> None:
    shown = moments("React مكتبة لبناء")

    assert shown[4].startswith('<p dir="auto">') and shown[-1].startswith('<p dir="rtl">')
