"""One search over a text for the signs that CommonMark would misread: emphasis, formulas, tags, addresses.

Shields (shields.py) keep signs as typed. The search skips addresses and escaped signs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from . import formula_delimiters
from .shields import STOP, encode_formula, shield

# The next line belongs to another block, so no code reaches into it.
APART = r"[ \t>]*(?:\n|\Z|[-+*#][ \t]|\d{1,9}[.)][ \t]|`{3}|~{3})"
WIDE = (
    "\u3000-\u303f\uff00-\uffef\u2014\u2018-\u201f\u2026\u2039\u203a\u00ab\u00bb"
    "\u060c\u061b\u061f\u06d4\u0964\u0965\u104a\u104b\u17d4"
)
ADDRESS = rf"[^\s<>`{WIDE}]++"

BRACKET = r"(\[{\u3008\u300a\u300c\u300e\u3010\uff08"
OPENING = rf"""["'\u00ab\u2018\u201c\u201e\u2039{BRACKET}]"""

# Each branch begins with one sign, so the search is for a set of signs. A branch without a group skips its match.
BRANCHES = rf"""
      `[^`\n|\[]++`(?!`)
    | `(?P<more>`{{0,2}})(?!`)(?:[^`\n]|\n(?!{APART})|(?!`(?P=more)(?!`))`+(?!`))*+`(?P=more)(?!`)(?P<code>)
    | ``*+
    | \\\[(?:[^\\]++|\\[^\[\]])*+\\\](?P<brackets>)
    | \\\((?:[^\\\n]++|\n(?![ \t>]*\n)|\\[^()])*+\\\)(?P<parentheses>)
    | {formula_delimiters.BEGIN}
      (?:[^\\]++|\\(?!(?:begin|end)\{{(?P=environment)\}}))*+\\end\{{(?P=environment)\}}(?P<bare>)
    | \\[^\n]?
    | \$\$(?!\$)(?:[^$\\]++|\\[\s\S]|\$(?!\$))*+\$\$(?!\$)(?P<double>)
    | \$(?!\$)(?:[^$\\\n`]++|\\text[a-z]*\{{[^{{}}\n]*\}}|\\[^\n]|\n(?![ \t>]*\n))++\$(?!\$)(?P<dollars>)
    | \$\$*+
    | ~~+
    | ~(?P<tilde>)
    | <(?:https?://|mailto:|[\w.+-]+@)[^\s<>]*+>
    | </?[A-Za-z][A-Za-z0-9-]*+(?:[ \t/][^<>\n]*+)?>(?P<tag>)
    | <(?=[A-Za-z/!?])(?P<less>)
    | \*(?<=\(\*)\*?(?=\))(?P<all>)
    | \*(?<=[^\s*]\*)\*{{0,2}}(?!\*)(?=\w|{OPENING})(?P<stars>)
    | _(?<!\w_)_[a-z]++(?:_[a-z]++)*+__(?=[.(\[]\w|\(\)|[ ]==)(?P<dunder>)
    | \](?:\((?:<[^<>\n]*>|(?:[^\s()\\]|\\.|\([^\s()]*\))*+))
    | :(?:(?<=http:)|(?<=https:))//{ADDRESS}(?:(?=[{WIDE}])(?P<address>))?
"""
SITE = rf"| w(?<!\ww)ww\.{ADDRESS}(?:(?=[{WIDE}])(?P<site>))?"
SIGN = re.compile(BRANCHES, re.VERBOSE)
SIGN_OR_SITE = re.compile(BRANCHES + SITE, re.VERBOSE)

LETTER, DIGIT = "A-Za-z\u0370-\u03ff", "0-9\u00b2\u00b3\u00b9\u2070-\u209f"

# An opening mark of strong words without its closing one, at the end of a line.
STRONG = [
    re.compile(rf"(?<![{LETTER}{DIGIT}*)\]])\*{{{width}}}(?![\s*])(?:(?!\*{{{width}}}).)*\Z") for width in (1, 2, 3)
]
PRODUCT = (
    re.compile(rf"(?:(?<![^\W\d_])[{LETTER}]|[{DIGIT})\]])\Z"),
    re.compile(rf"[{DIGIT}]|[{LETTER}](?![^\W\d_])"),
)
NUMBER = re.compile(rf"[{LETTER}{DIGIT})\]]\Z"), re.compile(rf"[{LETTER}{DIGIT}(\[]")
BEGUN = re.compile(rf"[{BRACKET}]\Z")
FAR = 200
"""How far, in characters, we look for the other mark of strong words."""

BEFORE_ON_LINE = re.compile(r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*")
AFTER_ON_LINE = re.compile(r"[ \t]*[.,;:]?[ \t]*(?:\n|\Z)")


def scan(text: str) -> str:
    """Shield signs that Markdown must not interpret, and encode formulas."""
    done: list[str] = []
    start = position = 0
    sign = SIGN_OR_SITE if "www." in text else SIGN
    while match := sign.search(text, position):
        position = match.end()
        if match.lastgroup:
            if (read := READERS[match.lastgroup](match)) is None:
                position = match.start() + (1 if match.lastgroup == "dollars" else 2)
            else:
                done += [text[start : match.start()], read]
                start = position
    return "".join([*done, text[start:]]) if start else text


def read_code(match: re.Match[str]) -> str:
    """Shield signs in code that would end a table cell or refer to a definition."""
    if "|" not in match[0] and "[" not in match[0]:
        return match[0]
    ticks = match["more"] + "`"
    return ticks + shield(match[0][len(ticks) : -len(ticks)]) + ticks


def read_formula(match: re.Match[str]) -> str | None:
    """Encode a formula without the marks of the quotation around it; return None if the match is none."""
    if not is_formula(match, match[0][2:-2]):
        return None
    source = match[0]
    if "\n" in source and ">" in before_on_line(match):
        source = re.sub(r"\n[ \t]*>[ \t>]*", "\n", source)
    return encode_formula(source)


def is_formula(match: re.Match[str], content: str) -> bool:
    if match.lastgroup == "dollars":
        start, end = match.span()
        before, after = match.string[max(0, start - 3) : start], match.string[end : end + 8]
        return formula_delimiters.is_inline(match[0][1:-1], before, after)
    if match.lastgroup == "parentheses":
        return formula_delimiters.is_parenthesised(content)
    if match.lastgroup == "bare":
        return stands_alone(match) and len(match[0]) <= formula_delimiters.LENGTH_LIMIT
    is_display = formula_delimiters.is_display if match.lastgroup == "double" else formula_delimiters.is_bracketed
    return is_display(content, stands_alone(match))


def before_on_line(match: re.Match[str]) -> str:
    """Return the text before a match on its line; of a long line the end."""
    return match.string[max(0, match.start() - FAR) : match.start()].rpartition("\n")[2]


def stands_alone(match: re.Match[str]) -> bool:
    """Return whether nothing else stands on the lines of a match."""
    is_first = BEFORE_ON_LINE.fullmatch(before_on_line(match)) is not None
    return is_first and AFTER_ON_LINE.match(match.string, match.end()) is not None


def read_stars(match: re.Match[str]) -> str:
    """Read asterisks between a sign and a letter: they close strong words, multiply, or neither."""
    line, after = before_on_line(match), match.string[match.end() : match.end() + 2]
    closes = STRONG[len(match[0]) - 1].search(line)
    if not closes and len(match[0]) < 3 and is_product(line, after):
        return shield(match[0])
    if begins(match, line):
        return match[0] + STOP
    ends = closes and not line[-1].isalnum() and not BEGUN.search(line) and re.match(r"\w", after)
    return STOP + match[0] if ends else match[0]


def begins(match: re.Match[str], line: str) -> bool:
    """Return whether strong words begin with a quote or a bracket after a letter of a non-Latin script."""
    is_beside = line[-1] > "\u024f" and unicodedata.category(line[-1])[0] in "LM"
    rest = match.string[match.end() : match.end() + FAR].partition("\n")[0]
    return is_beside and not rest[0].isalnum() and match[0] in rest and line.count(match[0]) % 2 == 0


def is_product(before: str, after: str) -> bool:
    """Return whether asterisks between these texts multiply: one text is a number, a letter or in brackets."""
    left, right = PRODUCT
    some_left, some_right = NUMBER
    return bool(some_left.search(before) and some_right.match(after) and (left.search(before) or right.match(after)))


def shield_match(match: re.Match[str]) -> str:
    return shield(match[0])


def end_address(match: re.Match[str]) -> str:
    return f"{match[0]} {STOP}"


READERS: dict[str, Callable[[re.Match[str]], str | None]] = {
    "code": read_code,
    "brackets": read_formula,
    "parentheses": read_formula,
    "bare": read_formula,
    "double": read_formula,
    "dollars": read_formula,
    "tilde": shield_match,
    "tag": shield_match,
    "less": shield_match,
    "all": shield_match,
    "stars": read_stars,
    "dunder": shield_match,
    "address": end_address,
    "site": end_address,
}
