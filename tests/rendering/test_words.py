"""Test that rendering loses no word: each is on the page, or in the address of a link there."""

from __future__ import annotations

import random
import re
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat import rendering
from chat.rendering import reference_definitions
from tests.rendering.checks import begun

WORD = re.compile(r"q\d+z")

# An unsafe address with its title; a definition's address; and the address of a picture, which becomes a link unless it
# is inside one.
NOWHERE = re.compile(r"\]\((?!<?https?://)((?:(?!\n\n)[\s\S])*)|\]:(?=\s*<?(?!https?://)(\S*))|!\[[^\]]*\]\(([^)\n]*)")

FRAMES = """
    W|W *W*|**W**|**W:**W|***W***|_W_|__W__|~~W~~|~W|`W`|``W`W``|`W|W`|[W](http://W.example/W)|[W](<http://W>)|[W][a]|[W]
    ![W](https://W.example/W)|<https://W.example>|https://W.example/W|www.W.example（W）|W@W.example|$W$|$W|20$ W 30$
    \\(W\\)|\\[W\\]|$$W$$|<b>W</b>|<sub>W</sub>|<kbd>W|<W>|</W|<!-- W -->|<W W="W">|&W;|&lt;W&gt;|\\W|W<br>W|a*W*W|2*W
    [^1]|[^W]|W(W)|"W"|（W）|مكتبة W|这W是
"""
LINES = """
    # W|## W ##|- W|* W|+ W|1. W|12) W|- [ ] W|- [x] W|> W|>> W|> - W|> [!NOTE] W|> [!NOTE]|- # W|  W|    W|\tW|W
    W  |W\\|```|```W|```W W|```markdown|````|~~~|~~~W|---|===|-|=|***|$$|\\[|\\]|\\begin{align}|\\end{align}|<div>
    </div>|<!--|-->
    [a]: http://W.example "W"|[W]: W|[a]: W|[^1]: W|[^W]: W|[^1]:|[W]:|> $$|- ```|  ```|> ```|
"""
ROWS = "¦W¦W¦/¦-¦-¦/¦:-:¦-¦/¦-¦/¦W¦W¦W¦W¦/¦W¦/¦¦/W¦W/¦`W¦W`¦W¦/¦$W¦W$¦W¦/¦W<br>W¦/> ¦W¦W¦/> ¦-¦-¦/¦W\\¦W¦W¦W¦"

INLINE = [frame for line in FRAMES.split("\n") for frame in line.strip().split("|") if frame]
BLOCK = [frame for line in LINES.split("\n") for frame in line.strip("\n ").split("|")]
TABLE = ROWS.replace("¦", "|").split("/")

SIGNS = [*"*_`~[]()<>!|$\\#-+ \n:/&;\"'^=.1"]
SOUP = st.lists(st.sampled_from([*INLINE, *SIGNS, "W", " "]), max_size=8).map("".join)
LINE = st.one_of(SOUP, st.sampled_from(BLOCK), st.sampled_from(TABLE), st.just(""))
SOURCES = st.lists(LINE, max_size=12).map("\n".join)

MANY = settings(deadline=None, max_examples=100_000, suppress_health_check=list(HealthCheck))


class Visible(HTMLParser):
    """The text of HTML, with the addresses and titles of its links."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text += "".join(f" {value} " for name, value in attrs if name in ("href", "title"))

    def handle_data(self, data: str) -> None:
        self.text += data


def words_of(html: str) -> set[str]:
    """Find the words that HTML shows; hosts are in lower case, and a formula's source is hidden."""
    visible = Visible()
    visible.feed(re.sub("<annotation.*?</annotation>", "", html, flags=re.DOTALL))
    return set(WORD.findall(visible.text.lower()))


def numbered(frame: str) -> str:
    """Write a text with a frame, no two words alike."""
    number = iter(range(len(frame)))
    return re.sub("W", lambda _: f"q{next(number)}z", frame)


def hidden(text: str) -> set[str]:
    """Find the words that only the source has: names of definitions and footnotes, unsafe addresses."""
    names = [match[2] for match in reference_definitions.DEFINITION.finditer(text)]
    addresses = ["".join(found) for found in NOWHERE.findall(text)]
    return {word for place in names + addresses for word in WORD.findall(place)}


def streamed(text: str, chance: random.Random) -> str:
    """Return the final HTML of a page that received a text in pieces."""
    (page, growing), start, now = begun(), 0, 0.0
    while start < len(text):
        end = start + chance.randint(1, 12)
        now += chance.choice((0, 0.05, 0.5, 2))
        page.apply(growing.feed(text[start:end], now))
        start = end
    page.apply(growing.end()[0])
    return page.html


def loses_no_word(frame: str, seed: int) -> None:
    """Check that no word is missing, whole and streamed."""
    text = numbered(frame)
    words = set(WORD.findall(text)) - hidden(text)

    whole, grown = rendering.render(text, "m1"), streamed(text, random.Random(seed))

    assert (words - words_of(whole), words - words_of(grown)) == (set(), set())


@settings(deadline=None, max_examples=400)
@given(SOURCES, st.integers(0, 9))
def test_no_word_of_an_answer_is_lost(frame: str, seed: int) -> None:
    loses_no_word(frame, seed)


@pytest.mark.long
@pytest.mark.timeout(7200)
@MANY
@given(SOURCES, st.integers(0, 9))
def test_no_word_of_a_hundred_thousand_answers_is_lost(frame: str, seed: int) -> None:
    loses_no_word(frame, seed)
