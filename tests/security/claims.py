"""Read the claims of docs/security.md and docs/security/, and the ids in the tests' docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent.parent
DOCS = TESTS.parent / "docs"
PAGE = (DOCS / "security.md").read_text()
CVES = (DOCS / "security" / "cves.md").read_text()
ASVS = (DOCS / "security" / "asvs.md").read_text()

PART = re.compile(r"\b(?:OW|LC|ALLM|LB|NC|GR|CL|ST|M365)\b|GHSA(?:-[0-9a-z]{4}){3}|\b\d\d-\d{3,6}\b|\b\d{4,6}\b")
"""A product, or an id; one without its year has that of the one before."""


class Row(NamedTuple):
    """A class of published vulnerabilities: its name, its ids, and its tests, or why it has none."""

    name: str
    ids: set[str]
    shown: str


@cache
def suite() -> dict[str, str]:
    """Read the docstring of every test."""
    return {
        node.name: ast.get_docstring(node) or ""
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def ids(text: str) -> set[str]:
    """Parse ids, grouped by product: `OW 24-7806, 7035; GR 24-1727` has three."""
    return set(read(text))


def read(text: str) -> Iterator[str]:
    """List the ids in a text, in full."""
    product = year = ""
    for part in PART.findall(text):
        if re.fullmatch("[A-Z]+|M365", part):
            product = part
        elif part.startswith("GHSA"):
            yield f"{product} {part}"
        elif product and (year or "-" in part):
            year = part.partition("-")[0] if "-" in part else year
            yield f"{product} {year}-{part.rpartition('-')[2]}"


def rows(page: str) -> Iterator[list[str]]:
    """Read the rows of a page's tables, without the headings."""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0] not in {"class", "requirement", "header or default"}:
            yield cells


def classes() -> list[Row]:
    """Read the table of classes."""
    return [Row(name, ids(published), shown) for name, published, shown in rows(CVES)]


def named() -> set[str]:
    """List the tests that the pages name."""
    return set(re.findall(r"`(test_\w+)`", PAGE + CVES + ASVS))


def requirements() -> dict[str, str]:
    """Read the answer to each requirement of ASVS, by number."""
    return {number.strip(): answer for numbers, answer, *_ in rows(ASVS) for number in numbers.split(",")}
