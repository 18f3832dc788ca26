r"""LaTeX as models write it, rewritten to what math-core knows.

>>> rewrite(r"\begin{split}a&=b\\[6pt]&=c\end{split}")
'\\begin{aligned}a&=b\\\\&=c\\end{aligned}'
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

LENGTH = r"-?[\d.]+ ?(?:pt|em|ex|mm|cm|in|mu|px|bp|pc)"
BRACED = r"\s*\{((?:[^{}\\]|\\.|\{(?:[^{}\\]|\\.|\{(?:[^{}\\]|\\.)*\})*\})*)\}"
MATRIX = "[pbBvV]?matrix"

REWRITES = [
    (re.compile(pattern, re.DOTALL), replacement)
    for pattern, replacement in (
        (rf"\\\\\*?(?:[ \t]*\[ *{LENGTH} *\])?", r"\\\\"),
        (r"(\\begin\{(?:aligned|alignedat|gathered|array|split)\})\s*\[[tbc]\]", r"\1"),
        (r"\\begin\{align(?:ed)?at\*?\}\s*\{\d+\}", r"\\begin{aligned}"),
        (r"\\(begin|end)\{(?:split|align(?:ed)?at|align|flalign)\*?\}", r"\\\1{aligned}"),
        (r"\\(begin|end)\{(?:gather|multline)\*?\}", r"\\\1{gathered}"),
        (r"\\begin\{eqnarray\*?\}", r"\\begin{array}{rcl}"),
        (r"\\end\{eqnarray\*?\}", r"\\end{array}"),
        (r"\\(?:begin|end)\{(?:equation\*?|displaymath|math)\}", ""),
        (rf"\\(begin|end)\{{({MATRIX})\*\}}(?:\s*\[[lcr]\])?", r"\\\1{\2}"),
        (r"\\begin\{smallmatrix\}", r"\\begin{subarray}{c}"),
        (r"\\end\{smallmatrix\}", r"\\end{subarray}"),
        (rf"\\substack{BRACED}", r"{\\begin{subarray}{c}\1\\end{subarray}}"),
        (rf"\\mathop\s*\{{\s*\\(?:mathrm|text){BRACED}\s*\}}", r"\\operatorname*{\1}"),
        (r"\\hspace\*", r"\\hspace"),
        (r"\\(?:nonumber|notag)(?![a-zA-Z])|\\label\{[^{}]*\}|\\smash(?:\[[tb]\])?(?=\s*\{)", ""),
        (rf"\\tag\*{BRACED}", r"\\qquad\\text{\1}"),
        (rf"\\tag{BRACED}", r"\\qquad\\text{(\1)}"),
        (r"\\(?:mbox|hbox|textnormal|textup)(?=\s*\{)", r"\\text"),
        (r"\\math(?:ds|bbm)(?![a-zA-Z])", r"\\mathbb"),
        (r"\\pmb(?![a-zA-Z])", r"\\boldsymbol"),
        (r"\\strut(?![a-zA-Z])", r"\\mathstrut"),
    )
]

UNSURE = re.compile(
    r"[&$]|\\\\|\\(?:begin|text|[mh]box|substack|mathop|hspace|nonumber|notag|label|smash|tag|mathds|mathbbm|pmb|strut)"
)
"""The parts of a source that are rewritten; most sources have none."""

TEXT = re.compile(rf"(\\text(?:bf|it|rm|sf|tt)?){BRACED}", re.DOTALL)
SPECIAL, ESCAPED = re.compile(r"(?<!\\)[_&#%]"), r"\\\g<0>"
STRUCTURE = re.compile(r"\\\\|\\&|&|\\begin\{|\\end\{")

# The parts of a source that the drawing doesn't show: commands, and arguments that only control them.
ASIDE = re.compile(
    rf"\\\\\*?(?:[ \t]*\[ *{LENGTH} *\])?"
    r"|\\begin\{(?:array|subarray|darray)\}(?:\s*\[[tbc]\])?\s*\{(?:[^{}]|\{[^{}]*\})*\}"
    r"|\\begin\{align(?:ed)?at\*?\}\s*\{\d+\}"
    r"|\\(?:begin|end)\{[a-zA-Z]+\*?\}(?:\s*\[[tbclr]\])?"
    rf"|\\(?:hspace\*?|kern|mkern|hskip|mskip|mspace)\s*(?:\{{ *{LENGTH} *\}}|{LENGTH})"
    r"|\\(?:color|textcolor|label)\s*\{[^{}]*\}"
    rf"|\\raisebox\s*\{{ *{LENGTH} *\}}"
    r"|\\genfrac(?:\s*\{[^{}]*\}){4}"
    r"|\\smash\[[tb]\]"
    r"|\\[a-zA-Z]+\*?|\\."
)


def rewrite(source: str) -> str:
    if not UNSURE.search(source):
        return source
    latex = TEXT.sub(_text, source)
    for pattern, replacement in REWRITES:
        latex = pattern.sub(replacement, latex)
    return _align(latex)


def _text(match: re.Match[str]) -> str:
    """Take formulas out of a text, and escape signs that only mean something outside of it."""
    command, parts = match[1], re.split(r"(?<!\\)\$", match[2])
    if len(parts) % 2 == 0:
        return match[0]
    texts = [rf"{command}{{{SPECIAL.sub(ESCAPED, part)}}}" if part else "" for part in parts[::2]]
    texts[1:] = [rf"{{{formula}}}{text}" for formula, text in zip(parts[1::2], texts[1:], strict=True)]
    return "".join(texts)


def _align(latex: str) -> str:
    """Put rows without an environment into one: math-core would draw them as one line."""
    depth, loose = 0, set()
    for sign in STRUCTURE.findall(latex):
        depth += {"\\begin{": 1, "\\end{": -1}.get(sign, 0)
        loose |= {sign} if depth == 0 else set()
    kind = "aligned" if "&" in loose else "gathered"
    return rf"\begin{{{kind}}}{latex}\end{{{kind}}}" if loose & {"&", "\\\\"} else latex


def letters_of(latex: str) -> Counter[str]:
    """Count the letters and digits that the drawing must show."""
    return count_letters(ASIDE.sub(" ", latex))


def count_letters(text: str) -> Counter[str]:
    """Count letters and digits without regard to style: a bold or double-struck x is an x."""
    return Counter(filter(str.isalnum, unicodedata.normalize("NFKD", text)))
