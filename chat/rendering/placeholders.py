"""What we make ourselves: code, formulas, footnotes and the frames of tables.

It is held out, behind tokens that no text can forge, while the rest is sanitised, and put in afterwards.
"""

from __future__ import annotations

import html
import re
import secrets

from . import delimiters, formulas, highlighter, marks, tags
from .links import Links
from .marks import END, FORMULA, released, unshielded
from .time_budget import Allowance

# What comrak makes of the constructs that change here; each outer group is named after the method that changes it. The
# first sign stands before the groups because the search for it is then five times as fast.
CONSTRUCT = re.compile(
    rf"[<{FORMULA}](?:"
    r"(?P<code>pre><code(?P<attributes>[^>]*)>"
    r"(?P<lines>[^<]*)</code></pre>\n?)"
    r"|(?P<verbatim>code>[^<]*</code>)"
    r'|(?P<reference>sup class="footnote-ref"><a href="[^"]*" id="fnref-(?P<mark>[^"]*)" data-footnote-ref>'
    r"(?P<number>\d+)</a></sup>)"
    r'|(?P<note>li id="fn-[^"]*">)'
    r'|(?P<return>a href="#fnref-(?P<origin>[^"]*)" class="footnote-backref"[^>]*>[^<]*(?:<sup[^>]*>\d*</sup>)?</a>)'
    r'|(?P<box>input type="checkbox"(?P<tick> checked="")? disabled="" />)'
    r'|(?P<link>a href="(?P<address>[^"]*)"[^>]*>)'
    r"|(?P<end>/a>)"
    r'|(?P<image>img src="(?P<picture>[^"]*)" alt="(?P<description>[^"]*)"(?: title="(?P<title>[^"]*)")?[^>]*>)'
    rf"|(?P<formula>(?<={FORMULA})(?P<source>[0-9a-f]*){END})"
    r")"
)

LANGUAGE, META = re.compile('class="language-([^"]*)"'), re.compile('data-meta="([^"]*)"')

SHORT = 20
"""How long a formula in a line, in characters, surely is narrower than the page."""

TABLE = '<div class="table" role="region" aria-label="Table" tabindex="0"><table '


class Inserts:
    """The inserts of one rendering; `scope` begins their ids. Without an allowance code and formulas stay plain."""

    def __init__(self, scope: str, allowance: Allowance | None):
        self._scope = scope
        self._allowance = allowance
        self._secret = secrets.token_hex(8)
        self._held: list[str] = []
        self._marks: dict[str, int] = {}
        self._notes = 0
        self._links = Links()

    def hold_out(self, rendered: str) -> str:
        """Put a token in the place of each insert, and change the constructs that the allow-list doesn't have."""
        broken = rendered.replace("<br />", "<br />\n")
        return tags.drawn(CONSTRUCT.sub(self._change, broken))

    def _change(self, match: re.Match[str]) -> str:
        return str(getattr(self, f"_{match.lastgroup}")(match))

    def put_in(self, sanitised: str) -> str:
        """Put the inserts in the places of their tokens."""
        framed = sanitised.replace("<table ", TABLE).replace("</table>", "</table></div>")
        before, *tokens = framed.split(f"{self._secret}-")
        return before + "".join(map(self._redeemed, tokens))

    def _redeemed(self, token: str) -> str:
        number, _, after = token.partition("-")
        return self._held[int(number)] + after

    def _hold(self, insert: str) -> str:
        self._held.append(insert)
        return f"{self._secret}-{len(self._held) - 1}-"

    def _code(self, match: re.Match[str]) -> str:
        found = [pattern.search(match["attributes"]) for pattern in (LANGUAGE, META)]
        label = unshielded(html.unescape(" ".join(part[1] for part in found if part)))
        text = unshielded(html.unescape(match["lines"]))
        if label == "math":
            return f"<p>{self._hold(formulas.formula(text.strip(), True, self._allowance))}</p>"
        return self._hold(highlighter.figure(text, label, self._allowance))

    def _verbatim(self, match: re.Match[str]) -> str:
        return match[0]

    def _formula(self, match: re.Match[str]) -> str:
        source, is_display = delimiters.inner(released(match["source"]))
        drawn = formulas.formula(source, is_display, self._allowance)
        is_long = len(source) > SHORT and not is_display
        return self._hold(f'<span class="formula">{drawn}</span>' if is_long else drawn)

    def _reference(self, match: re.Match[str]) -> str:
        mark, note = self._mark(match["mark"]), match["number"]
        link = f'<a href="#{self._scope}-note-{note}" id="{self._scope}-mark-{mark}" role="doc-noteref">{note}</a>'
        return self._hold(f'<sup class="footnote">{link}</sup>')

    def _mark(self, name: str) -> int:
        return self._marks.setdefault(name, len(self._marks) + 1)

    def _note(self, match: re.Match[str]) -> str:
        self._notes += 1
        return "<li>" + self._hold(f'<span id="{self._scope}-note-{self._notes}"></span>')

    def _return(self, match: re.Match[str]) -> str:
        mark = self._mark(match["origin"])
        return self._hold(
            f'<a href="#{self._scope}-mark-{mark}" role="doc-backlink" aria-label="Back to the text">↩</a>'
        )

    def _box(self, match: re.Match[str]) -> str:
        return self._hold(f"<span class=box>{'☑' if match['tick'] else '☐'}</span>")

    def _link(self, match: re.Match[str]) -> str:
        return self._links.begin(marks.drawn(match[0]), html.unescape(match["address"]))

    def _end(self, match: re.Match[str]) -> str:
        return self._links.end()

    def _image(self, match: re.Match[str]) -> str:
        words = [unshielded(html.unescape(match[name] or "")) for name in ("picture", "description", "title")]
        return self._links.image(*words)
