"""Decide which delimiters enclose a formula, and which are prices, shell variables or escaped brackets.

Inline dollars follow pandoc's rule (no blank after the first one or before the last one, no digit after it), and more.
"""

from __future__ import annotations

import re

LENGTH_LIMIT = 4_000
"""The longest formula, in characters, that can hold blank lines."""

ENVIRONMENTS = """
    align alignat alignedat aligned array Bmatrix bmatrix cases dcases eqnarray equation flalign gather gathered matrix
    multline pmatrix smallmatrix split Vmatrix vmatrix
"""
BEGIN = rf"\\begin\{{(?P<environment>(?:{'|'.join(ENVIRONMENTS.split())})\*?)\}}"

# Chinese, Japanese and Korean have no blank beside a formula.
EAST = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"

# What can precede the first dollar and follow the last one: no letter, except the end of an ordinal ("$n$th").
BEFORE = re.compile(rf"(?:\A|[^\w)\]}}+?^%#@!&\\*$]|[{EAST}]|(?<![\w.)\]}}])\*|\*\*|(?<![\w.)\]}}$])__?)\Z")
AFTER = re.compile(r"\Z|[^\w$]|_|[^\x00-\u024f]|(?:e|s|[a-z]{2,4})\b")

# A script or one command: it can touch a letter or a digit ("CO$_2$", "5$\\times$3").
ATTACHED = re.compile(r"(?:[_^](?:\d+|[A-Za-z+-]|\{[^{}$]{1,30}\}|\\[A-Za-z]+))+|\\(?:[a-z]+|%)")
BESIDE = re.compile(r"[A-Za-z0-9)]\Z")

UNFINISHED = re.compile(r"(?<=[^\^_])[=:/,;@&<(\[{+\-~\"\\]\Z")
BLANK_LINE = re.compile(r"\n[ \t>]*\n")
COMMAND = re.compile(r"\\[A-Za-z]")
LETTERS = re.compile(r"\s[^\W\d_]{2}|[^\W\d_]{2}[,.;:!?]*\s")
LETTER = re.compile(r"[^\W\d_]")
SIGN = re.compile(r"[\\^_=+<>*/|-]")

NAMES = """
    alpha beta gamma delta epsilon theta lambda mu pi rho sigma tau phi psi omega arccos arcsin arctan arg cos cosh cot
    csc deg det dim div exp gcd inf ker lcm lim ln log max min mod sec sin sinh sup tan tanh dx dy dz dt
"""
NO_NAME = rf"(?!(?:{'|'.join(NAMES.split())})\b)"
WORD = rf"{NO_NAME}[^\W\d_]{{2,}}"

# Two words, or a word and a number, with only a blank between them.
WORDS = re.compile(rf"(?<![^\W_]){WORD}[,.;:!?]*\s+(?:{NO_NAME}[^\W_]|\()|[^\W_][)\]}}]?[,.;:!?]*\s+{WORD}(?![^\W_])")
LONE_WORD = re.compile(r"[^\W\d_]*[a-z]{4}[^\W\d_]*")


def is_inline(content: str, before: str, after: str) -> bool:
    """Return whether the content of two dollars is a formula; `before` and `after` are its surroundings."""
    is_attached = ATTACHED.fullmatch(content) is not None
    if not (BEFORE.search(before) or (is_attached and BESIDE.search(before))) or has_words(content):
        return False
    if is_attached:
        return not after.startswith("$")
    if content[0].isspace() or content[-1].isspace():
        return is_padded(content, after)
    is_short = len(content) <= 2 or SIGN.search(content) is not None
    return bool(AFTER.match(after)) and not UNFINISHED.search(content) and (is_short or not after[:1].islower())


def is_padded(content: str, after: str) -> bool:
    inner = content.strip()
    is_symbol = len(inner) == 1 or SIGN.search(inner) is not None
    is_apart = content[0].isspace() and content[-1].isspace() and not re.match(r"[\w$]", after)
    return is_symbol and is_apart and LETTER.search(inner) is not None


def is_display(content: str, stands_alone: bool) -> bool:
    """Return whether the content of double dollars is a formula."""
    if not re.search(r"\w", content) or has_words(content):
        return False
    if stands_alone:
        return len(content) <= LENGTH_LIMIT
    return not BLANK_LINE.search(content) and (not content[0].isspace() or SIGN.search(content) is not None)


def is_bracketed(content: str, stands_alone: bool) -> bool:
    """Return whether the content of escaped square brackets is a formula, not a reference's number."""
    return is_display(content, stands_alone) and (stands_alone or SIGN.search(content) is not None)


def is_parenthesised(content: str) -> bool:
    return bool(content.strip()) and not has_words(content) and not LONE_WORD.fullmatch(content.strip())


def has_words(content: str) -> bool:
    """Return whether words stand side by side: no formula without commands has them."""
    return bool(LETTERS.search(content)) and not COMMAND.search(content) and bool(WORDS.search(content))


def strip_delimiters(formula: str) -> tuple[str, bool]:
    """Return a formula without its delimiters, and whether it is a display."""
    if formula.startswith("\\begin"):
        return formula, True
    width = 1 if re.match(r"\$(?!\$)", formula) else 2
    return formula[width:-width].strip(), width == 2 and not formula.startswith("\\(")
