"""Check what must hold for every piece of HTML from rendering."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser

from chat import rendering
from chat.rendering.sanitizer import MATH_ATTRIBUTES, MATH_CLASSES, MATH_TAGS

VOID = {"br", "hr"}
TAGS = """
    a annotation blockquote br code del div em figcaption figure h1 h2 h3 h4 h5 h6 hr ins kbd li mark ol p pre section
    semantics span strong sub sup table tbody td th thead tr ul
"""
ATTRIBUTES = "align aria-label aria-level class dir encoding href id rel role start tabindex target title translate"

ALLOWED_TAGS = {*TAGS.split(), *MATH_TAGS.split()}
ALLOWED_ATTRIBUTES = {*ATTRIBUTES.split()}.union(*MATH_ATTRIBUTES.values())
ADDRESS = re.compile(r"https?://[^/\\]|mailto:|#m\d+[\w-]*\Z", re.IGNORECASE)
CLASS = re.compile(
    r"box|code(?: code--bare)?|table|footnotes?|formula(?: formula--display)?|math|plain|k|s|c|m|n[fbta]|g[dih]"
    r"|markdown-alert(?: markdown-alert-\w+)?|markdown-alert-title|language-[\w+#.-]+"
)
FORMULAS = set().union(*MATH_CLASSES.values())


class Checker(HTMLParser):
    """Raises AssertionError if HTML isn't balanced, or contains something that no text may create."""

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
        assert name != "class" or CLASS.fullmatch(value) or FORMULAS.issuperset(value.split()), value
        if name == "id":
            self.ids.append(value)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.open[-1:] != ["annotation"] else ""

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
    # htmx rewrites these in a response's text, even inside attributes.
    assert not re.search(r"</?hx-", html)
    return checker


def text_of(html: str) -> str:
    """Return the text that HTML shows."""
    return checked(html).text


class Node:
    """An element, or a text, which has no name and no tag."""

    def __init__(self, name: str = "", tag: str = "", text: str = ""):
        self.name, self.tag, self.text = name, tag, text
        self.nodes: list[Node] = []

    @property
    def html(self) -> str:
        inner = "".join(node.html for node in self.nodes)
        return self.text if not self.name else self.tag + ("" if self.name in VOID else f"{inner}</{self.name}>")


PART = re.compile(r'<(/?)(\w+)(?:"[^"]*"|[^">])*>|[^<]+')


def add(place: Node, html: str) -> None:
    """Append HTML to a node as a browser does: elements that are open at its end are closed."""
    open_ = [place]
    for part in PART.finditer(html):
        node = Node(part[2] or "", part[0] if part[2] else "", part[0])
        if part[1]:
            assert open_.pop().name == part[2]
            continue
        open_[-1].nodes.append(node)
        if node.name and node.name not in VOID:
            open_.append(node)


BLOCKS = """
    blockquote div figure h1 h2 h3 h4 h5 h6 li ol p pre section table tbody td th thead tr ul
"""


class Page:
    """A page that watches an answer grow: it does what static/js/growing.js does, and checks each message."""

    def __init__(self) -> None:
        self.body = Node("div")
        self.messages: list[str] = []

    @property
    def html(self) -> str:
        return "".join(node.html for node in self.body.nodes)

    @property
    def bytes(self) -> int:
        return sum(map(len, self.messages))

    def begin(self, html: str) -> None:
        """Set the whole body so far."""
        self.body.nodes.clear()
        add(self.body, html)
        checked(self.html)

    def apply(self, messages: Sequence[str]) -> None:
        """Apply the messages of one feed."""
        for message in messages:
            self.apply_one(str(message))
        checked(self.html)

    def apply_one(self, message: str) -> None:
        self.messages.append(message)
        marks, html = re.fullmatch(r"((?:<!x?>)*)(.*)", message, re.DOTALL).groups()  # type: ignore[union-attr]
        assert message and "<!" not in html
        path = self.open_path()
        for mark in re.findall("<!x?>", marks):
            if mark == "<!>":
                path.pop()
            else:
                path[-1].nodes.remove([node for node in path[-1].nodes if node.name][-1])
        add(path[-1], html)

    def open_path(self) -> list[Node]:
        path = [self.body]
        while path[-1].nodes and self.is_block(path[-1], path[-1].nodes[-1]):
            path.append(path[-1].nodes[-1])
        return path

    def is_block(self, parent: Node, node: Node) -> bool:
        return node.name in BLOCKS.split() or (node.name == "code" and parent.name == "pre")


def begun(text: str = "") -> tuple[Page, rendering.IncrementalRenderer]:
    """Begin an answer on a page."""
    page, growing = Page(), rendering.IncrementalRenderer("m1")
    page.begin("".join(growing.begin([text], 0)))
    return page, growing
