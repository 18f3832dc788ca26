"""Test the rendering of an answer while it grows."""

from __future__ import annotations

import random

import pytest
from markupsafe import Markup

from chat import rendering
from chat.rendering import markdown
from chat.rendering.pipeline import DRAFT_LIMIT
from chat.rendering.streaming.incremental import HOLD, QUIET
from tests.rendering import traffic
from tests.rendering.checks import Page, begun, checked, text_of
from tests.rendering.constructs import CONSTRUCTS, TOGETHER


def grown(text: str, pieces: list[str] | None = None, pause: float = 1.0) -> Page:
    """Let an answer grow on a page, one piece each `pause` seconds."""
    page, growing = begun()
    for number, piece in enumerate(pieces or list(text)):
        page.apply(growing.feed(piece, number * pause))
    page.apply(growing.feed("", (len(pieces or text) + 1) * (pause + QUIET)))
    return page


def split(text: str, seed: int) -> list[str]:
    """Split a text at random places."""
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(len(text)), min(len(text), chance.randint(1, 40))))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@pytest.mark.parametrize("name", CONSTRUCTS | TOGETHER)
def test_a_construct_ends_as_what_was_sent_of_it_or_as_the_whole(name: str) -> None:
    text = f"{(CONSTRUCTS | TOGETHER)[name][0]}\n\nThe end"

    for seed in range(10):
        page, growing = begun()
        for number, piece in enumerate(split(text, seed)):
            page.apply(growing.feed(piece, number * 0.05))
        messages, shown = growing.end()
        page.apply(messages)

        assert rendering.digest(page.html) == shown
        assert page.html == rendering.render(text, "m1") or name in TOGETHER


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_construct_looks_in_its_block_as_it_looks_in_the_whole(name: str) -> None:
    text = f"Before\n\n{CONSTRUCTS[name][0]}\n\nAfter\n\n"
    blocks = rendering.Blocks("m1")

    html = Markup().join([*map(blocks.feed, text + "End")])

    assert html == rendering.render(text, "m1") or name == "an unclosed code block"


def test_a_long_answer_looks_in_blocks_as_it_looks_in_the_whole() -> None:
    texts = [text for name, (text, _) in CONSTRUCTS.items() if name != "an unclosed code block"]
    text = "\n\nBetween\n\n".join(texts) + "\n\n"

    blocks = rendering.Blocks("m1")
    html = Markup().join([*map(blocks.feed, text), blocks.close(blocks.open)])

    assert html == rendering.render(text, "m1")


def test_plain_words_are_sent_as_they_come() -> None:
    _, growing = begun("Hello")

    messages = [growing.feed(piece, 1) for piece in (" big", " <b", "> wörld", " now")]

    assert messages == [[" big"], [" &lt;b"], ["&gt; wörld"], [" now"]]
    assert growing.due is None


def test_the_space_before_a_word_is_kept() -> None:
    page = grown("", ["Two ", "words ", "", " and", " more"])

    assert text_of(page.html) == "Two words  and more"


def test_what_may_become_markup_waits_a_moment() -> None:
    page, growing = begun("Hello")

    early = growing.feed(" **dear", 1)
    resolved = growing.feed(" you**,", 1 + HOLD / 2)
    page.apply(resolved)

    assert early == []
    assert resolved == [" <strong>dear you</strong>,"]


def test_what_may_become_markup_is_shown_if_it_takes_long() -> None:
    page, growing = begun("Hello")

    growing.feed(" *dear", 1)
    due = growing.due
    page.apply(growing.feed("", due or 0))

    assert due == 1 + HOLD
    assert page.html == '<p dir="auto">Hello *dear</p>'


def test_what_was_shown_and_became_markup_is_drawn_again() -> None:
    page, growing = begun("Hello *dear")

    growing.feed(" you*", 1)
    page.apply(growing.feed("", growing.due or 0))

    assert page.html == '<p dir="auto">Hello <em>dear you</em></p>'


AFTER_FRAMES = [
    "- \n- \nword",
    "- a\n- b\n# word",
    "1. a\n2. \nword\n",
    "|a|\n|-|\n|b|\n> word",
    "|a|\n|-|\n|b|\n- word",
]


@pytest.mark.parametrize("text", AFTER_FRAMES)
def test_what_ends_a_list_or_a_table_without_a_blank_line_is_shown_while_it_grows(text: str) -> None:
    page, growing = begun()
    page.apply([message for sign in text for message in growing.feed(sign, 0)])

    page.apply(growing.feed("", 10))
    shown = page.html
    messages, _ = growing.end()
    page.apply(messages)

    assert "word" in text_of(shown)
    assert text_of(page.html).count("word") == 1


def test_what_is_drawn_again_waits_for_text_or_silence() -> None:
    long = "word " * 1000
    page, growing = begun(long + "*dear")

    growing.feed(" you*", 1)
    early = growing.feed("", 0.9 + QUIET)
    due = growing.due
    page.apply(growing.feed("", due or 0))

    assert early == []
    assert due is not None and due >= 1 + QUIET
    assert page.html.endswith("<em>dear you</em></p>")


def test_the_next_block_ends_the_one_before_it() -> None:
    page, growing = begun("One")

    messages = [growing.feed(piece, 1) for piece in ("\n", "\n", "Two", " and")]
    for some in messages:
        page.apply(some)

    assert messages == [[], [], ['<!><p dir="auto">Two'], [" and"]]
    assert page.html == '<p dir="auto">One</p><p dir="auto">Two and</p>'


def test_an_item_is_added_to_its_list() -> None:
    page, growing = begun("- one\n- two")

    messages = [growing.feed(piece, 1) for piece in ("\n", "-", " th", "ree")]
    for some in messages:
        page.apply(some)

    assert messages == [[], [], ["<!><li>th"], ["ree"]]
    assert page.html == '<ul dir="auto"><li>one</li><li>two</li><li>three</li></ul>'


def test_an_item_of_an_item_is_added_to_its_list() -> None:
    page, growing = begun("- one\n  - two")

    page.apply(growing.feed("\n  - three", 1))
    page.apply(growing.feed("\n- four", 1))

    assert page.messages == ["<!><li>three", "<!><!><!><li>four"]
    assert page.html.endswith("<li>two</li><li>three</li></ul></li><li>four</li></ul>")


def test_a_list_that_becomes_loose_is_drawn_again_from_its_open_item() -> None:
    page, growing = begun("1. one")

    page.apply(growing.feed("\n\n2. two", 1))
    page.apply(growing.feed("\n\n3. three", 1))

    assert page.html == '<ol dir="auto"><li><p>one</p></li><li><p>two</p></li><li><p>three</p></li></ol>'
    assert page.messages[-1] == "<!><!><li><p>three"


def test_a_cell_is_added_to_its_row_and_a_row_to_its_table() -> None:
    page, growing = begun("|a|b|\n|-|-|\n|c")

    messages = [growing.feed(piece, 1) for piece in (" d", "|", "e", "|\n", "|f")]
    for some in messages:
        page.apply(some)

    assert messages == [[" d"], [], ["<!><td>e"], [], ["<!><!><tr><td>f"]]
    assert page.html.endswith("<tbody><tr><td>c d</td><td>e</td></tr><tr><td>f</td></tr></tbody></table></div>")


def test_a_rule_ends_a_list_like_any_other_block() -> None:
    page = grown("- a\n- b\n- - -\n- c\n- d\n\nEnd")

    assert page.html == rendering.render("- a\n- b\n- - -\n- c\n- d\n\nEnd", "m1")


def test_the_first_word_of_a_line_decides_what_the_line_is() -> None:
    page, growing = begun("- a")

    messages = [growing.feed(piece, 1) for piece in ("\n", "-", " ", "b")]

    assert messages == [[], [], [], ["<!><li>b"]]
    assert page.messages == []


def test_nothing_new_draws_nothing() -> None:
    _, growing = begun()

    messages = [growing.feed("", 0), growing.feed("a", 1), growing.feed("", 100)]

    assert messages == [[], ['<p dir="auto">a'], []]


def test_code_comes_line_by_line() -> None:
    page, growing = begun("See:\n```python\nx = '<")

    messages = [growing.feed(piece, 0) for piece in ("&", "'\n", "\n", "\n", "# **y**")]
    page.apply([message for some in messages for message in some])
    page.apply(growing.feed("", growing.due or 0))

    assert messages == [[], ["&amp;'\n"], [], [], ["\n\n# **y**"]]
    assert text_of(page.html) == "See:pythonx = '<&'\n\n\n# **y**"


def test_the_closing_line_of_a_fence_is_never_seen_as_code() -> None:
    page, growing = begun("```\nx\n")
    for number, piece in enumerate((" ", "`", "``", " ")):
        page.apply(growing.feed(piece, number))
    seen = text_of(page.html)

    page.apply(growing.feed("\n", 10))
    page.apply(growing.feed("", 20))

    assert seen == text_of(page.html) == "x\n"


def test_what_only_began_like_a_closing_line_is_seen() -> None:
    page = grown("", ["```\nx\n", "`", "`", "y"])

    assert text_of(page.html) == "x\n``y"


def test_code_gets_its_colours_when_it_closes() -> None:
    page = grown("```python\ndef f(): pass\n```\n")

    assert "<span class=k>def</span>" in page.html


def test_code_without_colours_is_sent_once() -> None:
    page = grown("```text\nLorem ipsum\n```\nEnd", pause=0.01)

    assert sum(message.count("Lorem") for message in page.messages) == 1


def test_a_formula_is_drawn_when_its_block_closes() -> None:
    page, growing = begun("So $x^2$ is")
    open_ = page.html

    page.apply(growing.feed("\n\nA", 1))

    assert '<code class="math" translate="no">x^2</code>' in open_
    assert "<math" in page.html


def test_a_unit_without_end_is_shown_as_it_is() -> None:
    page, growing = begun("**word** " * (DRAFT_LIMIT // 9))
    rendered = page.html

    page.apply(growing.feed("**word** " * 9, 1))
    page.apply(growing.feed("**last** <b>\n", 2))

    assert rendered.startswith('<p dir="auto"><strong>')
    assert page.html.startswith('<pre class="plain">**word** ')
    assert page.html.endswith("**last** &lt;b&gt;\n</pre>")


def test_a_unit_without_end_is_rendered_when_it_closes() -> None:
    page, growing = begun("**word** " * (DRAFT_LIMIT // 8))

    page.apply(growing.feed("\n\nEnd", 0))

    assert page.html.startswith('<p dir="auto"><strong>word</strong>')
    assert page.html.endswith('<p dir="auto">End</p>')


@pytest.mark.parametrize("after", ["---\nc", "# H\nc"])
def test_rows_that_come_with_what_ends_their_table_stay_rows(after: str) -> None:
    page, growing = begun()

    page.apply(growing.feed(f"| a |\n|---|\n| b |\n{after}", 0))
    page.apply(growing.feed("", 1))

    assert "<tr><td>b</td></tr>" in page.html and "<h2" not in page.html


def test_the_first_event_has_all_so_far() -> None:
    page, growing = begun("# One\n\nTwo\n\nThree **fo")

    page.apply(growing.feed("ur**", 1))
    page.apply(growing.feed("", growing.due or 0))

    heading = '<h1 aria-level="3" dir="auto">One</h1>'
    assert page.html == heading + '<p dir="auto">Two</p><p dir="auto">Three <strong>four</strong></p>'


def test_nothing_so_far_is_nothing() -> None:
    assert "".join(rendering.IncrementalRenderer("m1").begin([], 0)) == ""


def test_footnotes_of_two_blocks_have_different_ids() -> None:
    text = "a[^1]\n[^1]: b\n\n"
    page = grown("", [text, text.replace("1", "2"), "c[^3]\n[^3]: d"])

    ids = checked(page.html).ids

    assert len(ids) == len(set(ids)) == 6


def test_blocks_without_javascript() -> None:
    blocks = rendering.Blocks("m1")

    closed = [blocks.feed(piece) for piece in ("# On", "e\n\n", "**T", "wo**\n")]

    assert closed == ["", "", '<h1 aria-level="3" dir="auto">One</h1>', ""]
    assert blocks.open == "**Two**\n"
    assert blocks.close(blocks.open) == '<p dir="auto"><strong>Two</strong></p>'


@pytest.mark.parametrize("kind", traffic.KINDS)
def test_what_is_sent_is_less_than_four_times_the_text(kind: str) -> None:
    text = traffic.text_of(kind, 1000)

    sent = "".join(traffic.events_of(text))

    assert len(sent.encode()) < 3.9 * len(text.encode())


@pytest.mark.parametrize(
    "text", ["- x\n" * 4000, "a **b** *c " * 2000, "|a\n|-\n" + "|b\n" * 4000, "a_b $c `d\n" * 2000]
)
def test_a_fast_answer_is_rendered_no_more_often_than_it_is_fed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, growing = begun()
    calls: list[int] = []
    monkeypatch.setattr(markdown, "to_html", lambda *_, **__: calls.append(1) or "<p>x</p>")

    for start in range(0, len(text), 400):
        growing.feed(text[start : start + 400], start / 40_000)

    assert len(calls) <= 4 * len(text) / 400
