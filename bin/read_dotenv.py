"""Print the variables of .env that the environment lacks, as commands for sh; bin/lib.sh runs them.

The first of two lines with one name counts, and an empty value counts as not set.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from dotenv.parser import Binding, parse_stream

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def main() -> None:
    taken = set(os.environ)
    for name, value in pairs(text_of(Path(".env").read_bytes())):
        if value and name not in taken:
            taken.add(name)
            print(f"export {name}={shlex.quote(value)}")


def text_of(saved: bytes) -> str:
    """Decode the file; Windows editors can save it as something else than UTF-8."""
    if saved.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        refuse(".env is saved as UTF-16. Save it as UTF-8.")
    try:
        return saved.decode()
    except UnicodeDecodeError:
        refuse(".env isn't saved as UTF-8. Save it as UTF-8.")


def pairs(text: str) -> Iterator[tuple[str, str]]:
    for binding in parse_stream(io.StringIO(text)):
        if binding.key is None and not binding.error:  # a comment, or the end
            continue
        name, value = binding.key or "", binding.value
        if value is None or "\0" in value or not NAME.fullmatch(name):
            # The line isn't shown, because it can hold a key.
            refuse(f"Line {line_of(binding)} of .env can't be read. Write it as NAME=value, or put a # before it.")
        yield name, value


def line_of(binding: Binding) -> int:
    """Return the number of a line; python-dotenv includes the empty lines before it."""
    said = binding.original.string
    return binding.original.line + said[: len(said) - len(said.lstrip())].count("\n")


def refuse(sentence: str) -> NoReturn:
    """Exit with a sentence, and the code for wrong settings (docs/operating.md)."""
    print(sentence, file=sys.stderr)
    sys.exit(3)


main()
