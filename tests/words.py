"""Find the worst habits of translated English in what people read, each with its file and line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

TOP = Path(__file__).parent.parent

Text = tuple[int, str]
"""A text and the number of its first line."""

HABITS = {
    "whoever": r"(?i)\bwho(m|so)?ever\b",
    "those who": r"(?i)\bthose (who|whom|whose|that|which)\b",
    "who runs this": r"(?i)\bwho runs (it|this|the)\b",
    "anew": r"(?i)\banew\b",
    "just now": r"(?i)\b(just now|(in|at) this moment)\b",
    "by which": r"(?i)\bby (which|whom)\b",
    "else, at the end": r"(?i)(?<!one\s|ody\s|ing\s|ere\s|hat\s)\belse(?=[.;:!?)]|\Z)",
    "else, for otherwise": r"(?i)[,;.] else\b(?! ?\Z)",
    "as, for because": r"(?:^|[.!?:] )As (it|they|you|we|this|that|these|those|there|the|nobody|what|all|each|its)\b",
    "e-mail": r"(?i)\be-mail",
    "may": r"\bmay\b",
    "this Rivulet": r"\b[Tt]his Rivulet\b",
}
ON_PAGES = {"conversation": r"(?i)\bconversation"}
"""The word of the code for what is called a chat wherever a person reads."""

EVERYWHERE = {"e-mail": HABITS["e-mail"]}
"""What the code doesn't say in docstrings and comments either."""

READ_ALOUD = {"alt", "aria-label", "aria-description", "content", "placeholder", "title"}
"""The attributes whose values people read or hear."""

JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
QUOTED = re.compile(r'"([^"\n]* [^"\n]*)"')
JS = re.compile(r"//[^\n]*|/\*.*?\*/|\"((?:\\.|[^\"\\\n])*)\"|'((?:\\.|[^'\\\n])*)'|`((?:\\.|[^`\\])*)`", re.DOTALL)
CODE = re.compile(r"^```.*?^```|^ {4,}[^\n]*|`[^`]*`", re.DOTALL | re.MULTILINE)


def habits_in(texts: Iterable[Text], habits: dict[str, str] = HABITS) -> list[tuple[int, str]]:
    """Name the habits in some texts, each with the number of its line."""
    found = ((text, re.search(habits[name], text[1]), name) for text in texts for name in habits)
    return [(line + text.count("\n", 0, match.start()), name) for (line, text), match, name in found if match]


def complaints(path: Path, texts: Iterable[Text], habits: dict[str, str] = HABITS) -> list[str]:
    """Write a line for each habit in a file: where it is, and what it is."""
    return [f"{path.relative_to(TOP)}:{line}: {name}" for line, name in habits_in(texts, habits)]


class Visible(HTMLParser):
    """Gathers what a template shows: its text, and the attributes that are read."""

    def __init__(self, source: str):
        super().__init__()
        self.texts: list[Text] = []
        self.feed(JINJA.sub(lambda tag: "\n" * tag[0].count("\n") + "x" * tag[0].startswith("{{"), source))
        self.close()

    def handle_data(self, data: str) -> None:
        self.texts.append((self.getpos()[0], data))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [(self.getpos()[0], value) for name, value in attrs if value and name in READ_ALOUD]


def in_template(source: str) -> Iterator[Text]:
    """Yield the texts of a template, and the literals in its expressions."""
    yield from Visible(source).texts
    for tag in JINJA.finditer(source):
        if not tag[0].startswith("{#"):
            yield from ((source.count("\n", 0, tag.start()) + 1, literal) for literal in QUOTED.findall(tag[0]))


def in_script(source: str) -> Iterator[Text]:
    """Yield the string literals of a script."""
    for match in JS.finditer(source):
        if text := "".join(filter(None, match.groups())):
            yield source.count("\n", 0, match.start()) + 1, text


def in_module(source: str, helps: bool = False) -> Iterator[Text]:
    """Yield the string constants of a Python module, without its docstrings unless they are a command's help."""
    tree = ast.parse(source)
    silent = set() if helps else {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            silent |= {id(value) for value in node.values}
            yield node.lineno, "".join(str(it.value) if isinstance(it, ast.Constant) else "x" for it in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.lineno, node.value


def in_shell(source: str) -> Iterator[Text]:
    """Yield the lines of a shell script, without comments."""
    return ((number, line) for number, line in enumerate(source.split("\n"), 1) if not line.lstrip().startswith("#"))


def in_prose(source: str) -> Iterator[Text]:
    """Yield the paragraphs of a page of the documentation, without code."""
    prose = CODE.sub(lambda code: "\n" * code[0].count("\n") + "x", source)
    for found in re.finditer(r"(?:[^\n]+\n?)+", prose):
        yield prose.count("\n", 0, found.start()) + 1, found[0]


def is_sentence(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Z].* .*[.!?]", text.strip(), re.DOTALL))


def files(folder: str, pattern: str) -> list[Path]:
    return sorted((TOP / folder).rglob(pattern))


def of_pages() -> list[str]:
    """Complain of the templates and the scripts."""
    found: list[str] = []
    for path in [*files("templates", "*.html"), *files("templates", "*.txt")]:
        found += complaints(path, in_template(path.read_text()), HABITS | ON_PAGES)
    for path in files("static/js", "*.js"):
        found += complaints(path, in_script(path.read_text()), HABITS | ON_PAGES)
    return found


def of_code() -> list[str]:
    """Complain of the strings of the app, and of the commands in bin."""
    found: list[str] = []
    for path in [TOP / "app.py", TOP / "gunicorn.conf.py", *files("bin", "*.py"), *files("chat", "*.py")]:
        texts = list(in_module(path.read_text(), helps=path.name == "cli.py"))
        found += complaints(path, texts)
        found += complaints(path, [it for it in texts if is_sentence(it[1])], ON_PAGES)
        found += complaints(path, [(1, path.read_text())], EVERYWHERE)
    for path in (path for path in files("bin", "*") if path.read_bytes().startswith(b"#!/bin/sh")):
        found += complaints(path, in_shell(path.read_text()))
    return found


def of_prose() -> list[str]:
    """Complain of the documentation."""
    pages = [TOP / "README.md", TOP / "SECURITY.md", *files("docs", "*.md")]
    return [line for path in pages for line in complaints(path, in_prose(path.read_text()))]
