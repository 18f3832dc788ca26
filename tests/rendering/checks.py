"""What must be true of every piece of HTML that rendering gives out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from chat.rendering import Change
from chat.rendering.sanitising import MATH_ATTRIBUTES, MATH_TAGS

VOID = {"br", "hr"}
TAGS = """
    a blockquote br code del div em figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre section span strong sup table
    tbody td th thead tr ul
"""
ATTRIBUTES = "align aria-label class dir href id rel role start tabindex target title"

ALLOWED_TAGS = {*TAGS.split(), *MATH_TAGS.split()}
ALLOWED_ATTRIBUTES = {*ATTRIBUTES.split()}.union(*MATH_ATTRIBUTES.values())
ADDRESS = re.compile(r"https?://[^/\\]|mailto:|#m\d+[\w-]*\Z", re.IGNORECASE)
CLASS = re.compile(
    r"code|table|footnotes?|math|open|plain|plain open|k|s|c|m|n[fbta]|g[dih]"
    r"|markdown-alert(?: markdown-alert-\w+)?|markdown-alert-title|(?:open )?language-[\w+#.-]+"
)


class Checker(HTMLParser):
    """Raises AssertionError where HTML isn't balanced, or holds what no text may bring about."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED_TAGS, tag
        for name, value in attrs:
            self.check(name, value or "")
        if tag not in VOID:
            self.open.append(tag)

    def check(self, name: str, value: str) -> None:
        assert name in ALLOWED_ATTRIBUTES, name
        assert "<" not in value or name == "title"
        assert name != "href" or ADDRESS.match(value), value
        assert name != "class" or CLASS.fullmatch(value), value
        if name == "id":
            self.ids.append(value)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


def checked(html: str) -> Checker:
    """Check a piece of HTML."""
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert not checker.open, checker.open
    assert not re.search("[\r\0\ud800-\udfff]", html)
    # htmx rewrites these in the text of a response, inside attributes, too.
    assert not re.search(r"</?hx-", html)
    return checker


def text_of(html: str) -> str:
    """Give the text that HTML shows."""
    return checked(html).text


OPEN = re.compile(r'(<(?:span|code|pre) class="(?:plain )?open[^"]*">[^<]*)')


class Page:
    """A page that watches an answer grow: it applies the changes and checks all it is given."""

    def __init__(self) -> None:
        self.blocks = ""
        self.tail = ""
        self.bytes = 0

    def apply(self, changes: list[Change]) -> None:
        for change in changes:
            checked(change.html)
            self.bytes += len(change.html)
            getattr(self, f"apply_{change.kind}")(str(change.html))
        checked(self.html)

    def apply_block(self, html: str) -> None:
        self.blocks += html

    def apply_tail(self, html: str) -> None:
        self.tail = html

    def apply_open(self, html: str) -> None:
        assert "<" not in html
        self.tail, places = OPEN.subn(lambda found: found[1] + html, self.tail)
        assert places == 1, self.tail

    @property
    def html(self) -> str:
        return self.blocks + self.tail
