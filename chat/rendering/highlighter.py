"""Code blocks: a label, the code, and colours for known languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape as escaped

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, String, _TokenType

from .time_budget import TimeBudget

LENGTH_LIMIT = 30_000
GAP_LIMIT = 500
LABEL_LIMIT = 200

BLANKS = re.compile(r"\s+")

FIGURE = (
    '<figure class="{kind}" dir="ltr" translate="no" aria-label="{name}"><figcaption>{label}</figcaption>'
    '<pre tabindex="0"><code{attribute}>{code}</code></pre></figure>'
)

# We tried the lexers of these languages with hostile texts. Those for terminal sessions, ini files and OCaml failed:
# they spend seconds on one token.
LANGUAGES = """
    asm awk bash c c# c++ clojure cmake cpp cs csharp css dart diff docker dockerfile elixir erlang f# fish fsharp go
    graphql haskell hcl hs html http java javascript js json json5 jsx julia kotlin latex less lisp lua make
    makefile markdown matlab md mysql nginx nim nix objc objective-c perl php pl postgres postgresql powershell prolog
    proto protobuf ps1 py python python3 r rb rs ruby rust sass scala scheme scss sh shell solidity sql swift terraform
    tex toml ts tsx typescript vim vue xml yaml yml zig zsh
"""

ALIASES = {"golang": "go", "jsonc": "json5", "kt": "kotlin", "patch": "diff", "shellscript": "sh", "svg": "xml"}

COLOURS = {
    Comment: "c",
    Generic.Deleted: "gd",
    Generic.Heading: "gh",
    Generic.Inserted: "gi",
    Generic.Subheading: "gh",
    Keyword: "k",
    Literal: "m",
    Name.Attribute: "na",
    Name.Builtin: "nb",
    Name.Class: "nf",
    Name.Decorator: "nf",
    Name.Function: "nf",
    Name.Tag: "nt",
    Number: "m",
    Operator.Word: "k",
    String: "s",
}

LEXERS: dict[str, Lexer] = {}
"""The lexers that this process has made."""


def figure(code: str, label: str, budget: TimeBudget | None = None) -> str:
    """Draw a code block; without a budget in one colour. The label begins with the language."""
    language = label.partition(" ")[0]
    has_name = re.fullmatch(r"[A-Za-z0-9_+#.-]{1,30}", language)
    return FIGURE.format(
        kind="code" if label else "code code--bare",
        name=f"{language} code" if has_name else "code",
        label=escape(label[:LABEL_LIMIT]),
        attribute=f' class="language-{language.lower()}"' if has_name else "",
        code=highlight(code, lexer_name(language.lower()), budget) if budget else escape(code),
    )


def escape(code: str) -> str:
    """Escape text between tags, where quotes can stay."""
    return escaped(code, quote=False)


def lexer_name(language: str) -> str:
    """Return Pygments' name for a language; "" if we don't colour it."""
    language = ALIASES.get(language, language)
    return language if language in LANGUAGES.split() else ""


def highlight(code: str, language: str, budget: TimeBudget) -> str:
    """Colour code while there is time; the rest of it stays plain."""
    if not language or is_dense(code) or not budget.is_left():
        return escape(code)
    tokens = lexer(language, budget).get_tokens_unprocessed(code)
    drawn, end = [], 0
    for colour, start, end in runs(tokens, budget):
        run = escape(code[start:end])
        drawn.append(f"<span class={colour}>{run}</span>" if colour else run)
    return "".join([*drawn, escape(code[end:])])


def is_dense(code: str) -> bool:
    """Return whether code is too long, or has runs of blanks on which the lexers of make and Matlab take seconds."""
    return len(code) > LENGTH_LIMIT or max(map(len, BLANKS.findall(code)), default=0) > GAP_LIMIT


def lexer(language: str, budget: TimeBudget) -> Lexer:
    """Return the lexer of a language; making one takes milliseconds."""
    if language not in LEXERS:
        LEXERS[language] = budget.load(lambda: get_lexer_by_name(language))
    return LEXERS[language]


def runs(tokens: Iterable[tuple[int, _TokenType, str]], budget: TimeBudget) -> Iterator[tuple[str, int, int]]:
    """Join tokens of one colour; yield the class ("" for none), the start and the end of each run."""
    colour, start, end = "", 0, 0
    for index, token, value in tokens:
        if colour_of(token) != colour:
            yield colour, start, index
            colour, start = colour_of(token), index
        end = index + len(value)
        if not budget.is_left():
            break
    yield colour, start, end


@lru_cache(1024)
def colour_of(token: _TokenType) -> str:
    return next((COLOURS[kind] for kind in reversed(token.split()) if kind in COLOURS), "")
