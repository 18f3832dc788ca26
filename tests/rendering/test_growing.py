"""An answer while it is written."""

from __future__ import annotations

import random

import pytest
from markupsafe import Markup

from chat import rendering
from chat.rendering.growing import TAIL_LIMIT
from tests.rendering.checks import Page, checked, text_of
from tests.rendering.constructs import CONSTRUCTS, TOGETHER


def grown(text: str, pieces: list[str] | None = None, pause: float = 1.0) -> Page:
    """Let an answer grow on a page, a piece each `pause` seconds."""
    page, growing = Page(), rendering.Growing("m1")
    for number, piece in enumerate(pieces or list(text)):
        page.apply(growing.feed(piece, number * pause))
    return page


def split(text: str, seed: int) -> list[str]:
    """Split a text at random places."""
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(len(text)), min(len(text), chance.randint(1, 40))))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@pytest.mark.parametrize("name", CONSTRUCTS | TOGETHER)
def test_every_construct_grows_safely_however_it_is_split(name: str) -> None:
    text = f"{(CONSTRUCTS | TOGETHER)[name][0]}\n\nThe end"

    for seed in range(10):
        page = grown(text, split(text, seed))

        assert text_of(page.html).rstrip().endswith("The end")


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_construct_looks_in_its_block_as_it_looks_in_the_whole(name: str) -> None:
    text = f"Before\n\n{CONSTRUCTS[name][0]}\n\nAfter\n\n"

    page = grown(text + "End")

    assert page.blocks == rendering.whole(text, "m1") or name == "an unclosed code block"


def test_a_long_answer_looks_in_blocks_as_it_looks_in_the_whole() -> None:
    texts = [text for name, (text, _) in CONSTRUCTS.items() if name != "an unclosed code block"]
    text = "\n\nBetween\n\n".join(texts) + "\n\n"

    blocks = rendering.Blocks("m1")
    html = Markup().join([*map(blocks.feed, text), blocks.rest()])

    assert html == rendering.whole(text, "m1")


def test_plain_words_are_appended() -> None:
    growing = rendering.Growing("m1")
    growing.feed("Hello", 0)

    changes = growing.feed(" <b> wörld"[5:], 1)

    assert [(change.kind, change.html) for change in changes] == [("open", "wörld")]
    assert growing.due is None


def test_the_space_before_an_appended_word_is_kept() -> None:
    page = grown("", ["Two ", "words"])

    assert text_of(page.html) == "Two words\n"


def test_markup_draws_the_tail_anew() -> None:
    growing = rendering.Growing("m1")
    growing.feed("Hello **you", 0)

    changes = growing.feed("**", 1)

    assert [change.kind for change in changes] == ["tail"]
    assert "<strong>you</strong>" in changes[0].html


def test_the_first_word_of_a_line_draws_the_tail_anew() -> None:
    page = grown("", ["- a", "\n", "-", " ", "b"])

    assert page.tail.count("<li") == 2


def test_a_redraw_waits_the_longer_the_longer_the_tail_is() -> None:
    growing = rendering.Growing("m1")
    growing.feed("- item\n" * 1000, 0)

    early = growing.feed("- **x**", 1)
    due = growing.due
    late = growing.feed("", due or 0)

    assert [change.kind for change in early] == ["open"]
    assert due is not None and 1 < due < 2
    assert [change.kind for change in late] == ["tail"]
    assert "<strong>x</strong>" in late[0].html
    assert growing.due is None


def test_nothing_new_draws_nothing() -> None:
    growing = rendering.Growing("m1")

    changes = [growing.feed("", 0), growing.feed("a", 1), growing.feed("", 100)]

    assert [len(change) for change in changes] == [0, 1, 0]


def test_a_table_waits_for_its_redraw() -> None:
    growing = rendering.Growing("m1")
    growing.feed("|a|\n|-|\n" + "|b|\n" * 1000, 0)

    assert growing.feed("|c", 0.1) == []
    assert growing.due is not None
    assert "c</td>" in growing.feed("", growing.due)[0].html


def test_an_open_fence_is_only_appended_to() -> None:
    growing, page = rendering.Growing("m1"), Page()
    page.apply(growing.feed("See:\n```python\nx = '<", 0))

    changes = [growing.feed(piece, 0) for piece in ("&", "'\n", "\n\n", "# **y**")]
    for change in changes:
        page.apply(change)

    assert [[change.kind for change in some] for some in changes] == [["open"]] * 4
    assert '<code class="open language-python">x = ' in page.tail
    assert text_of(page.tail) == "pythonx = '<&'\n\n\n# **y**"


def test_the_closing_line_of_a_fence_is_never_seen_as_code() -> None:
    growing, page = rendering.Growing("m1"), Page()
    for piece in ("```\nx\n", " ", "`", "``", " "):
        page.apply(growing.feed(piece, 0))
    seen = text_of(page.tail)

    page.apply(growing.feed("\n", 0))

    assert seen == "x\n"
    assert page.tail == ""
    assert "<code>x\n</code>" in page.blocks


def test_what_only_began_like_a_closing_line_is_seen() -> None:
    page = grown("", ["```\nx\n", "`", "`", "y"])

    assert text_of(page.tail) == "x\n``y"


def test_code_gets_its_colours_when_it_closes() -> None:
    page = grown("```python\ndef f(): pass\n```\n")

    assert '<span class="k">def</span>' in page.blocks


def test_a_formula_is_drawn_when_its_block_closes() -> None:
    growing = rendering.Growing("m1")

    open_ = growing.feed("So $x^2$ is", 0)[0].html
    closed = growing.feed("\n\nA", 1)[0].html

    assert '<code class="math">x^2</code>' in open_
    assert "<math" in closed


def test_a_tail_without_end_is_shown_as_it_is() -> None:
    growing, page = rendering.Growing("m1"), Page()
    page.apply(growing.feed("- **item**\n" * (TAIL_LIMIT // 11), 0))
    rendered_tail = page.tail

    page.apply(growing.feed("- **item**\n" * 2, 0))
    page.apply(growing.feed("- **last** <b>", 0))

    assert rendered_tail.startswith("<ul>")
    assert page.tail.startswith('<pre class="plain open">- **item**\n')
    assert page.tail.endswith("- **last** &lt;b&gt;</pre>")


def test_a_tail_without_end_is_rendered_when_it_closes() -> None:
    growing, page = rendering.Growing("m1"), Page()
    page.apply(growing.feed("- **item**\n" * (TAIL_LIMIT // 10), 0))

    page.apply(growing.feed("\nEnd", 0))

    assert page.blocks.startswith('<ul>\n<li dir="auto"><strong>item</strong></li>')
    assert page.tail == '<p dir="auto">End<span class="open"></span></p>\n'


def test_the_first_event_has_all_so_far() -> None:
    growing, page = rendering.Growing("m1"), Page()
    growing.feed("# One\n\nTwo\n\nThree **fo", 0)

    page.blocks, page.tail = map(str, growing.whole_so_far())
    page.apply(growing.feed("ur**", 1))

    assert page.blocks == '<h1 dir="auto">One</h1>\n<p dir="auto">Two</p>\n'
    assert "Three <strong>four</strong>" in page.tail


def test_nothing_so_far_is_nothing() -> None:
    assert rendering.Growing("m1").whole_so_far() == ("", "")


def test_footnotes_of_two_blocks_have_different_ids() -> None:
    text = "a[^1]\n[^1]: b\n\n"
    page = grown("", [text, text.replace("1", "2"), "c[^3]\n[^3]: d"])

    ids = checked(page.html).ids

    assert len(ids) == len(set(ids)) == 6


def test_blocks_without_javascript() -> None:
    blocks = rendering.Blocks("m1")

    closed = [blocks.feed(piece) for piece in ("# On", "e\n\n", "**T", "wo**\n")]

    assert closed == ["", "", '<h1 dir="auto">One</h1>\n', ""]
    assert blocks.open == "**Two**\n"
    assert blocks.rest() == '<p dir="auto"><strong>Two</strong></p>\n'


LONG = {
    "prose": "Lorem *ipsum* dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor.\n\n" * 1000,
    "a list": "- Lorem **ipsum** dolor sit amet\n" * 2500,
    "a table": "|a|b|\n|-|-|\n" + "| Lorem | ipsum **dolor** |\n" * 3000,
    "a fence": "```text\n" + "Lorem ipsum dolor sit amet\n" * 3000,
    "one line": "Lorem *ipsum* dolor sit amet " * 3000,
}


@pytest.mark.parametrize("name", LONG)
def test_what_a_fast_answer_sends_grows_with_its_length(name: str) -> None:
    text = LONG[name]
    growing, sent = rendering.Growing("m1"), []

    for start in range(0, len(text), 40):
        sent += growing.feed(text[start : start + 40], start / 4000)

    assert sum(len(change.html) for change in sent) < 4 * len(text)
