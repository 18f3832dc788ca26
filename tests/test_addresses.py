"""Test the source code for addresses: each one for a browser begins with the instance's path.

A rule is a function from a text to complaints, one line each.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serving import ROOT

JINJA = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
ATTRIBUTE = re.compile(
    r'(?<![\w:-])(href|src|action|formaction|hx-(?:get|post|put|patch|delete|sse:connect))="([^"]*)"'
)
IN_QUOTES = re.compile(r"""["'(=]\s*/[\w{].{0,30}""")
FOREIGN = {"{{ address }}", "{{ chosen.keys }}"}
"""The addresses of an OpenID provider, and of the page where a model provider hands out API keys."""

OF_HTMX = {"HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url", "Location", "Content-Location", "Refresh"}
BY_NAME = {"redirect", "location", "push_url", "replace_url"}


def templates(text: str) -> Iterator[str]:
    """Complain about addresses in a template that don't begin with the path."""
    told = JINJA.sub("", text)
    for name, value in ATTRIBUTE.findall(told):
        if not value.startswith(("{{ root }}/", "{{ root }}{{", "#", "?")) and value not in FOREIGN:
            yield f'{name}="{value}"'
    yield from IN_QUOTES.findall(told)


def scripts(text: str) -> Iterator[str]:
    """Complain about addresses in a script that begin at the host's root; addresses in the page's own attributes
    don't."""
    yield from re.findall(r"""(?<!\$=)["'`]/[\w$].{0,30}""", text)


def styles(text: str) -> Iterator[str]:
    """Complain about addresses in a style sheet that begin at the host's root."""
    yield from re.findall(r"""url\(\s*["']?/.{0,30}""", text)


def routes(text: str) -> Iterator[str]:
    """Complain about addresses that a route sends to a browser without using `urls`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and "redirect" in {alias.name for alias in node.names}:
            yield f"{node.module}.redirect"
        for name, value in told(node):
            if not ast.unparse(value).startswith(("urls.of(", "'false'")):  # "false" leaves the address as it is
                yield f"{name}: {ast.unparse(value)}"
        if isinstance(node, ast.Constant) and re.search(r"""(href|src|action|url)=["']?/""", str(node.value)):
            yield str(node.value)


def told(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """List the addresses in the headers that a node sets."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        yield from (
            (key.value, value) for key, value in pairs if isinstance(key, ast.Constant) and key.value in OF_HTMX
        )
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        key = node.targets[0].slice
        yield from [(key.value, node.value)] if isinstance(key, ast.Constant) and key.value in OF_HTMX else []
    if isinstance(node, ast.Call):
        yield from ((each.arg, each.value) for each in node.keywords if each.arg in BY_NAME)


Rule = Callable[[str], Iterator[str]]

WHERE: list[tuple[Rule, str, str]] = [
    (templates, "templates", "*.*"),
    (scripts, "static/js", "*.js"),
    (styles, "static/css", "*.css"),
    (routes, "chat/routes", "*.py"),
]

OFFENCES: list[tuple[Rule, str]] = [
    (templates, '<a href="/account">'),
    (templates, '<form method="post" action="{{ action }}">'),
    (templates, '<p hx-get="/conversations/{{ id }}">'),
    (templates, '<meta http-equiv="refresh" content="0; url=/sign-in">'),
    (scripts, 'fetch("/conversations")'),
    (scripts, "fetch(`/replies/${id}/stop`)"),
    (styles, 'background: url("/assets/paper.png")'),
    (routes, "from flask import redirect"),
    (routes, 'Response("", 401, {"HX-Redirect": "/sign-in"})'),
    (routes, 'make_response(html, push_url=f"/conversations/{number}")'),
    (routes, 'response.headers["Location"] = place'),
    (routes, """PAGE = '<a href="/sign-in">'"""),
]


def sources(folder: str, pattern: str) -> list[Path]:
    """List the files that a rule covers; urls.py is the one that the others use."""
    return [path for path in sorted((ROOT / folder).rglob(pattern)) if path.name != "urls.py"]


@pytest.mark.parametrize(("rule", "folder", "pattern"), WHERE, ids=lambda each: getattr(each, "__name__", None))
def test_no_address_forgets_the_path(rule: Rule, folder: str, pattern: str) -> None:
    files = sources(folder, pattern)

    assert len(files) > 5
    assert {
        str(path.relative_to(ROOT)): list(rule(path.read_text())) for path in files if [*rule(path.read_text())]
    } == {}


@pytest.mark.parametrize(("rule", "source"), OFFENCES)
def test_an_address_that_forgets_the_path_is_seen(rule: Rule, source: str) -> None:
    assert len(list(rule(source))) >= 1
