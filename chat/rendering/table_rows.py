"""Table rows with too many cells: Markdown would drop the surplus."""

from __future__ import annotations

import re

from .shields import END, FORMULA, decode_formula, encode_formula, shield

DELIMITERS = re.compile(r"[ \t>]*+\|?[ \t]*+:?-++:?[ \t]*+(?:\|[ \t]*+:?-++:?[ \t]*+)*+\|?[ \t]*+")
POSSIBLE = re.compile(r"-[ \t]*[|:]|[|:][ \t]*-")
PIPE = re.compile(r"(?<!\\)\|")
OUTER = re.compile(r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*\|?")
ESCAPED, PLAIN = shield("\\|"), shield("|")
ENCODED = re.compile(f"{FORMULA}([0-9a-f]*){END}")


def fit(text: str) -> str:
    """Put the surplus of each row into its last cell, with its pipes."""
    if not POSSIBLE.search(text):
        return text
    lines, columns = text.split("\n"), 0
    for number, line in enumerate(lines):
        if not line.strip(" \t>"):
            columns = 0
        elif number and (width := count_columns(lines[number - 1], line)):
            columns = min(columns or width, width)  # a row of dashes, or a table outside of the quotation before it
        elif columns:
            lines[number] = fit_row(line, columns)
    return "\n".join(lines)


def count_columns(head: str, line: str) -> int:
    """Count the columns of the table that begins with these two lines; return 0 if none does."""
    if "-" not in line or ("|" not in line and ":" not in line) or not DELIMITERS.fullmatch(line):
        return 0
    width = count_cells(line)
    return width if width == count_cells(head) else 0


def count_cells(line: str) -> int:
    """Count the cells of a line as a row; return 0 if it is empty."""
    inner = OUTER.sub("", line, count=1).rstrip(" \t")
    return len(PIPE.findall(inner.removesuffix("|"))) + 1 if inner else 0


def fit_row(line: str, columns: int) -> str:
    """Shield the pipes that would begin surplus cells. In shielded code an escaped pipe counts as a pipe."""
    if not line.isascii():
        line = ENCODED.sub(unescape_pipes, line.replace(ESCAPED, PLAIN))
    if line.count("|") - (line[0] == "|") - (line[-1] == "|") < columns:
        return line
    pipes = [pipe.start() for pipe in PIPE.finditer(line)]
    if pipes and not line[: pipes[0]].strip(" \t>"):
        del pipes[0]
    if pipes and not line[pipes[-1] + 1 :].strip():
        del pipes[-1]
    for position in pipes[columns - 1 :]:
        line = line[:position] + PLAIN + line[position + 1 :]
    return line


def unescape_pipes(formula: re.Match[str]) -> str:
    return encode_formula(decode_formula(formula[1]).replace("\\|", "|"))
