"""Placeholders for our own HTML: code, formulas, footnotes, and the boxes in which tables scroll.

Tokens that no text can forge replace it while the rest is sanitised.
"""

from __future__ import annotations

import html
import re
import secrets

from . import formula_delimiters, formulas, highlighter, shields, tags
from .links import Links
from .shields import END, FORMULA, decode_formula, unshield
from .time_budget import TimeBudget

# comrak's HTML for the constructs that we change; each outer group has the name of the method that changes it. The
# first sign stands before the groups, because the search is then five times as fast.
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
"""A formula in a line with so few characters is narrower than the page."""

TABLE = '<div class="table" role="region" aria-label="Table" tabindex="0"><table '


class Placeholders:
    """The HTML that one rendering took out; ids begin with `scope`. Without a budget code and formulas stay plain."""

    def __init__(self, scope: str, budget: TimeBudget | None):
        self._scope = scope
        self._budget = budget
        self._secret = secrets.token_hex(8)
        self._extracted: list[str] = []
        self._marks: dict[str, int] = {}
        self._notes = 0
        self._links = Links()

    def extract(self, rendered: str) -> str:
        """Replace our own HTML with tokens, and change the constructs that aren't on the allow-list."""
        broken = rendered.replace("<br />", "<br />\n")
        return tags.draw(CONSTRUCT.sub(self._change, broken))

    def _change(self, match: re.Match[str]) -> str:
        return str(getattr(self, f"_{match.lastgroup}")(match))

    def restore(self, sanitised: str) -> str:
        """Replace the tokens in sanitised HTML with our own HTML."""
        boxed = sanitised.replace("<table ", TABLE).replace("</table>", "</table></div>")
        before, *tokens = boxed.split(f"{self._secret}-")
        pairs = (token.partition("-") for token in tokens)
        return before + "".join(self._extracted[int(number)] + after for number, _, after in pairs)

    def _extract(self, html: str) -> str:
        self._extracted.append(html)
        return f"{self._secret}-{len(self._extracted) - 1}-"

    def _code(self, match: re.Match[str]) -> str:
        found = [pattern.search(match["attributes"]) for pattern in (LANGUAGE, META)]
        label = unshield(html.unescape(" ".join(part[1] for part in found if part)))
        text = unshield(html.unescape(match["lines"]))
        if label == "math":
            return f"<p>{self._extract(formulas.draw(text.strip(), True, self._budget))}</p>"
        return self._extract(highlighter.figure(text, label, self._budget))

    def _verbatim(self, match: re.Match[str]) -> str:
        return match[0]

    def _formula(self, match: re.Match[str]) -> str:
        source, is_display = formula_delimiters.strip_delimiters(decode_formula(match["source"]))
        drawn = formulas.draw(source, is_display, self._budget)
        is_long = len(source) > SHORT and not is_display
        return self._extract(f'<span class="formula">{drawn}</span>' if is_long else drawn)

    def _reference(self, match: re.Match[str]) -> str:
        mark, note = self._mark(match["mark"]), match["number"]
        link = f'<a href="#{self._scope}-note-{note}" id="{self._scope}-mark-{mark}" role="doc-noteref">{note}</a>'
        return self._extract(f'<sup class="footnote">{link}</sup>')

    def _mark(self, name: str) -> int:
        return self._marks.setdefault(name, len(self._marks) + 1)

    def _note(self, match: re.Match[str]) -> str:
        self._notes += 1
        return "<li>" + self._extract(f'<span id="{self._scope}-note-{self._notes}"></span>')

    def _return(self, match: re.Match[str]) -> str:
        mark = self._mark(match["origin"])
        return self._extract(
            f'<a href="#{self._scope}-mark-{mark}" role="doc-backlink" aria-label="Back to reference">↩</a>'
        )

    def _box(self, match: re.Match[str]) -> str:
        return self._extract(f"<span class=box>{'☑' if match['tick'] else '☐'}</span>")

    def _link(self, match: re.Match[str]) -> str:
        return self._links.begin(shields.unshield_html(match[0]), html.unescape(match["address"]))

    def _end(self, match: re.Match[str]) -> str:
        return self._links.end()

    def _image(self, match: re.Match[str]) -> str:
        words = [unshield(html.unescape(match[name] or "")) for name in ("picture", "description", "title")]
        return self._links.image(*words)
