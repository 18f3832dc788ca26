"""Decide whether the end of a growing text can still become markup."""

from __future__ import annotations

import html
import re

from ..directions import RTL

# After a word in its line, text without these signs looks the same rendered or not.
MARKUP = re.compile(r"[\n*_`~\[\]()<>|$\\#&@]|http|www")
WORD = re.compile(r"[^\W\d_]")

# HTML that is final; and HTML that can still become markup, or more of it.
RESOLVED = re.compile(r"<code.*?</code>|<!?/?(?!/a>\Z)\w[^>]*>", re.DOTALL)
UNRESOLVED = re.compile(
    r"[*`\[|\\]|~~|~\Z|\$(?!\d)|\b_|_\b|&amp;\w*\Z|</a>\Z|(?:http|www)\S*\Z"
    r"|&lt;(?:sub|sup|kbd|mark|ins)&gt;|&lt;/?(?:s(?:u[bp]?)?|k(?:bd?)?|m(?:a(?:rk?)?)?|i(?:ns?)?)?\Z"
)


def has_word(text: str) -> bool:
    """Return whether the last line of a text has a letter."""
    return WORD.search(text, text.rfind("\n") + 1) is not None


def is_rtl(text: str) -> bool:
    """Return whether the first letter of a text is written from right to left."""
    first = WORD.search(text)
    return bool(first and RTL.match(first[0]))


def is_settled(markup: str) -> bool:
    """Return whether nothing in HTML can still become markup, or more of it."""
    return not UNRESOLVED.search(RESOLVED.sub("", markup))


def escape(text: str) -> str:
    """Escape a text like the sanitiser."""
    return html.escape(text, quote=False).replace("\xa0", "&nbsp;")
