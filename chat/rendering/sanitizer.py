"""The allow-lists of HTML and MathML, applied to whatever the renderers made of a text.

Of the tags that a model writes, only those in tags.py get this far.
"""

from __future__ import annotations

import re

import nh3

from .mathml import CLASSES, ENCLOSURES

HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
CELLS = {"td", "th"}
OTHERS = "a blockquote br code del div em hr ins kbd li mark ol p section strong sub sup table tbody thead tr ul"
DIRECTED = HEADINGS | {"p", "blockquote", "ol", "table", "ul"}
VALUES = {
    **{tag: {"dir": "auto"} for tag in DIRECTED},
    "a": {"target": "_blank"},
    "code": {"translate": "no"},
    "kbd": {"translate": "no"},
}
ALERTS = {"markdown-alert"} | {f"markdown-alert-{kind}" for kind in ("note", "tip", "important", "warning", "caution")}

# Without the two slashes a browser takes https:x for an address on the page's own host. The sanitiser's output has no <
# in a text and no " in a value. A filter of ours inside it would need the interpreter's lock for each attribute.
RELATIVE = re.compile(r'(<a(?: \w+="[^"]*")*?) href="(?!https?://[^/\\]|mailto:)[^"]*"', re.IGNORECASE)

HEADING = re.compile(r"<h([1-6])(?= )")
LOWER = 2
"""How many levels an answer's headings are below their own: under the page's title and the message's heading."""

MATH_TAGS = (
    "math mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow mspace msqrt mstyle msub msubsup"
    " msup mtable mtd mtext mtr munder munderover b code em i s u"
)
OPERATOR_ATTRIBUTES = "accent form largeop lspace maxsize minsize movablelimits rspace stretchy symmetric"
MATH_ATTRIBUTES = {
    "math": {"display"},
    "mfrac": {"displaystyle", "linethickness", "scriptlevel"},
    "mi": {"mathvariant"},
    "mo": set(OPERATOR_ATTRIBUTES.split()),
    "mover": {"accent"},
    "mpadded": {"height", "voffset", "width"},
    "mrow": {"displaystyle", "mathcolor", "scriptlevel"},
    "mspace": {"width"},
    "mtable": {"displaystyle", "scriptlevel"},
    "mtext": {"mathsize"},
    "munder": {"accentunder"},
    "munderover": {"accent", "accentunder"},
}
MATH_CLASSES = {"mrow": ENCLOSURES} | {tag: set(CLASSES.values()) for tag in ("mfrac", "mspace", "mtable", "mtd")}


def clean(html: str) -> str:
    """Remove all that isn't on the allow-list, and complete headings, links and paragraphs."""
    # A list takes its direction from the blocks in it that have no direction.
    cleaned = RELATIVE.sub(r"\1", CLEANER.clean(html)).replace('<li><p dir="auto">', "<li><p>")
    return HEADING.sub(lower, cleaned)


def lower(heading: re.Match[str]) -> str:
    """Give a heading its level in the page; its tag stays, for a copy of it."""
    return f'{heading[0]} aria-level="{min(int(heading[1]) + LOWER, 6)}"'


def clean_mathml(mathml: str) -> str:
    """Remove all but the elements and attributes that draw a formula; none of these links, loads or runs."""
    return MATH_CLEANER.clean(mathml)


CLEANER = nh3.Cleaner(
    tags=HEADINGS | CELLS | set(OTHERS.split()),
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    tag_attribute_values={tag: {"align": {"left", "center", "right"}} for tag in CELLS},
    set_tag_attribute_values=VALUES,
    allowed_classes={"div": ALERTS, "p": {"markdown-alert-title"}, "section": {"footnotes"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow ugc",
)
MATH_CLEANER = nh3.Cleaner(
    tags=set(MATH_TAGS.split()), attributes=MATH_ATTRIBUTES, allowed_classes=MATH_CLASSES, link_rel=None
)
