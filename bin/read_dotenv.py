"""Print what .env sets and the environment doesn't, as sh commands that bin/lib.sh runs.

python-dotenv parses the file. The first of two lines for a name wins, and an empty value counts as unset.
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
    """Print the commands, or exit with a sentence."""
    taken = set(os.environ)
    for name, value in pairs(text_of(Path(".env").read_bytes())):
        if value and name not in taken:
            taken.add(name)
            print(f"export {name}={shlex.quote(value)}")


def text_of(saved: bytes) -> str:
    """Decode the file; Windows editors may save it in an encoding other than UTF-8."""
    if saved.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        refuse(".env is saved as UTF-16. Save it as UTF-8.")
    try:
        return saved.decode()
    except UnicodeDecodeError:
        refuse(".env isn't saved as UTF-8. Save it as UTF-8.")


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """List the names and their values."""
    for binding in parse_stream(io.StringIO(text)):
        if binding.key is None and not binding.error:  # a comment, or the end
            continue
        name, value = binding.key or "", binding.value
        if value is None or "\0" in value or not NAME.fullmatch(name):
            # The line stays hidden, because it can hold a key.
            refuse(f"Line {line_of(binding)} of .env can't be read. Write it as NAME=value, or put a # before it.")
        yield name, value


def line_of(binding: Binding) -> int:
    """Return the number of a line; python-dotenv's own counts from the empty lines before it."""
    said = binding.original.string
    return binding.original.line + said[: len(said) - len(said.lstrip())].count("\n")


def refuse(sentence: str) -> NoReturn:
    """Exit with a sentence, and the code for unusable settings (docs/operating.md)."""
    print(sentence, file=sys.stderr)
    sys.exit(3)


main()
