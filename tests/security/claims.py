"""What docs/security.md and the pages in docs/security/ claim, and the ids that tests name in their docstrings."""

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
    """A class of published vulnerabilities: its name, its ids, and the tests that show it or why none can."""

    name: str
    ids: set[str]
    shown: str


@cache
def suite() -> dict[str, str]:
    """Read every test of the suite, with what it says of itself."""
    return {
        node.name: ast.get_docstring(node) or ""
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def ids(text: str) -> set[str]:
    """Read ids as products with their numbers: `OW 24-7806, 7035; GR 24-1727` are three."""
    return set(read(text))


def read(text: str) -> Iterator[str]:
    """Give each id of a text in full."""
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
    """Read the cells of a page's tables, line by line, without their heads."""
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
    """Read the answers to ASVS: each number with its answer."""
    return {number.strip(): answer for numbers, answer, *_ in rows(ASVS) for number in numbers.split(",")}
