"""Check the server's log of a wave: no tracebacks, one line a request, and one for an outage and its end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ \w+ (?P<logger>[\w.]+): (?P<text>.*?)(?: \[(?P<number>[\w-]+)\])?")
"""A line of ours; a line about a request ends with the request's id."""

OUTAGES = "chat.storage.transactions"
"""The logger that reports the database's outages, in whichever request finds them."""

TRACES = ("Traceback (most recent call last)", " failed with ")
AN_OUTAGE = 4
"""How many lines a process may write about an outage: its start and its end, twice if connections end one by one."""


class Journal:
    """Reads new lines of a log."""

    def __init__(self, path: Path):
        self.path = path
        self.start = path.stat().st_size

    def lines(self) -> list[str]:
        """Read the new lines."""
        with self.path.open("rb") as log:
            log.seek(self.start)
            return log.read().decode(errors="replace").splitlines()


def traces(lines: Sequence[str]) -> Iterator[str]:
    """Complain about tracebacks."""
    found = [cause(lines, number) for number, line in enumerate(lines) if any(mark in line for mark in TRACES)]
    if found:
        yield f"the log holds {len(found)} tracebacks, such as {Counter(found).most_common(3)}"


def cause(lines: Sequence[str], number: int) -> str:
    """Return the cause of a traceback, from the line before it or the lines below it."""
    if "failed with" in lines[number]:
        return lines[number].split(" ", 2)[-1]
    below = (line for line in lines[number + 1 :] if line.strip() and not line.startswith(" "))
    return next(below, "an end that is not there")[:200]


def repeated(lines: Iterable[str]) -> Iterator[str]:
    """Complain about more than one line a request."""
    told = Counter(found["number"] for found in read(lines) if is_of_request(found))
    if twice := [number for number, count in told.items() if count > 1]:
        yield f"the log tells of {len(twice)} requests more than once, such as {twice[0]}"


def wordy(lines: Iterable[str], processes: int) -> Iterator[str]:
    """Complain about more than AN_OUTAGE database lines a process, and about more than one from any other logger."""
    others = [found for found in read(lines) if is_of_none(found)]
    for logger, count in Counter(found["logger"] for found in others).items():
        if count > processes * (AN_OUTAGE if logger == OUTAGES else 1):
            most = Counter(found["text"] for found in others if found["logger"] == logger).most_common(3)
            yield f"the log of {processes} processes has {count} lines of {logger} about one outage: {most}"


def read(lines: Iterable[str]) -> list[re.Match[str]]:
    """Parse the lines that are ours."""
    return [found for line in lines if (found := LINE.fullmatch(line))]


def is_of_request(found: re.Match[str]) -> bool:
    """Tell whether a line belongs to a request; a stream has two, for its beginning and its end."""
    is_stream = found["logger"] == "journal" and " stream" in found["text"]
    return not is_of_none(found) and not is_stream


def is_of_none(found: re.Match[str]) -> bool:
    """Tell whether a line belongs to no request."""
    return not found["number"] or found["logger"] == OUTAGES
