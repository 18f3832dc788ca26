"""Code blocks: a label, the code, and colours where the language is known."""

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
    '<figure class="code" dir="ltr" translate="no"><figcaption>{label}</figcaption>'
    '<pre tabindex="0"><code{attribute}>{code}</code></pre></figure>'
)

# The languages whose lexers were tried with texts made to hurt them. Those for terminal sessions, ini files and OCaml
# are not among them: they look for seconds at one token.
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
"""Those that this process has made."""


def figure(code: str, label: str, budget: TimeBudget | None = None, state: str = "") -> str:
    """Draw a code block; without a budget in one colour. A label begins with the language; `state` is a class for
    the code.
    """
    language = label.partition(" ")[0]
    classes = " ".join(filter(None, [state, class_of(language)]))
    return FIGURE.format(
        label=escape(label[:LABEL_LIMIT]),
        attribute=f' class="{classes}"' if classes else "",
        code=highlight(code, lexer_name(language.lower()), budget) if budget else escape(code),
    )


def escape(code: str) -> str:
    """Escape what stands between tags, where quotes are text, and cost less as they are."""
    return escaped(code, quote=False)


def class_of(language: str) -> str:
    """Name a language as a class; "" where its name is no word."""
    return f"language-{language.lower()}" if re.fullmatch(r"[A-Za-z0-9_+#.-]{1,30}", language) else ""


def lexer_name(language: str) -> str:
    """Find the name that Pygments has for a language; "" where we don't colour it."""
    language = ALIASES.get(language, language)
    return language if language in LANGUAGES.split() else ""


def highlight(code: str, language: str, budget: TimeBudget) -> str:
    """Colour code as long as there is time; the rest of it stays plain."""
    if not language or is_dense(code) or not budget.is_left():
        return escape(code)
    tokens = lexer(language, budget).get_tokens_unprocessed(code)
    drawn, end = [], 0
    for colour, start, end in runs(tokens, budget):
        drawn.append(span(colour, code[start:end]))
    return "".join([*drawn, escape(code[end:])])


def is_dense(code: str) -> bool:
    """Tell whether code is too long, or has so many blanks in a row that those for make and Matlab take seconds."""
    return len(code) > LENGTH_LIMIT or max(map(len, BLANKS.findall(code)), default=0) > GAP_LIMIT


def lexer(language: str, budget: TimeBudget) -> Lexer:
    """Find the lexer of a language; making one takes milliseconds."""
    if language not in LEXERS:
        LEXERS[language] = budget.load(lambda: get_lexer_by_name(language))
    return LEXERS[language]


def runs(tokens: Iterable[tuple[int, _TokenType, str]], budget: TimeBudget) -> Iterator[tuple[str, int, int]]:
    """Join neighbours of one colour; yield its class ("" for none), where it starts and where it ends."""
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
    """Find the class of a token, or of the nearest kind above it."""
    return next((COLOURS[kind] for kind in reversed(token.split()) if kind in COLOURS), "")


def span(colour: str, code: str) -> str:
    """Draw a run of code; without a class it has the colour of all text."""
    return f"<span class={colour}>{escape(code)}</span>" if colour else escape(code)
