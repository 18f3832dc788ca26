"""An answer as it is read: pieces of text, with what is known of them."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Self

from chat.providers.errors import Interrupted, ProviderError
from chat.providers.thoughts import CLOSING, PAIRS, Kind, Thoughts

ANSWER_LIMIT, REASONING_LIMIT = 1_000_000, 200_000
"""The longest answer, in characters, and how much is kept of what was thought before; what never ends is cut here."""


class Retraction(str):
    """An empty piece that says: all pieces before were thoughts."""


RETRACTED = Retraction()


class CreateResult:
    """A response and what is known of it, had piece by piece; nothing is sent before the first one is asked for.

    Iterating yields pieces of text, and the same ones again when iterated again; an error comes again at its place.
    `finish_reason`, `usage` (a dict with `prompt_tokens` and `completion_tokens`), `reasoning` and `thinking_since` (of
    the monotonic clock) fill up while it is read; `aside` names by its kind what was said that is no text. `notice` is
    a sentence to show while the first piece is awaited. Thoughts in tags are taken out of the text (thoughts.py): where
    only the closing tag comes, the piece RETRACTED says that all pieces before it were thoughts.
    """

    def __init__(self, model: str, pieces: Iterable[str] = ()):
        self.model = model
        self.finish_reason: str | None = None
        self.usage: dict[str, int] | None = None
        self.thinking_since: float | None = None
        self.aside: dict[str, str] = {}
        self.notice = ""
        self._given_pieces = pieces
        self._source: Iterator[str] | None = None
        self._kept: list[str] = []
        self._tags = Thoughts()
        self._thoughts = io.StringIO()
        self._error: ProviderError | None = None
        self._length, self._closed = 0, False

    def __iter__(self) -> Iterator[str]:
        position = 0
        while position < len(self._kept) or self._read():
            if position < len(self._kept):
                yield self._kept[position]
                position += 1

    def _read(self) -> bool:
        """Fetch what comes next, which may be no text; False at the end."""
        if self._error:
            raise self._error
        if self._closed:
            return False
        try:
            self._source = self._source or self.pieces()
            piece = next(self._source)
            if not self._closed:
                self._take(piece)
        except StopIteration:
            self._end()
        except ProviderError as error:
            if not self._closed:
                self._error = error
                self._end()
        return True

    def _take(self, piece: str) -> None:
        """Keep the text of a piece, and note its thoughts."""
        kind = self._tags.kind_of(piece)
        if kind is Kind.TEXT:
            self._keep(piece)
        elif kind is Kind.THOUGHT:
            self.think(piece)
        else:
            self._take_parts(self._tags.parts(piece))

    def _take_parts(self, parts: Iterable[tuple[Kind, str]]) -> None:
        for kind, words in parts:
            if kind is Kind.TEXT:
                self._keep(words)
            elif kind is Kind.THOUGHT:
                self.think(words)
            elif self.thinking_since is None:
                self._retract()

    def _retract(self) -> None:
        said, self._kept = self._kept, [""] * len(self._kept)
        self.think("".join(said))
        self._kept.append(RETRACTED)

    def _end(self) -> None:
        self._take_parts(self._tags.rest())
        self.close()

    def pieces(self) -> Iterator[str]:
        """Yield the text as it comes: what a provider overrides."""
        return iter(self._given_pieces)

    def _keep(self, piece: str) -> None:
        self._length += len(piece)
        if self._length > ANSWER_LIMIT:
            raise Interrupted("The answer was cut off here: it had grown past a million characters.")
        self._kept.append(piece)

    def gather(self, pause: Callable[[], float]) -> None:
        """Let bytes gather for `pause()` seconds before each read: a reader of many answers asks for that."""

    def think(self, thought: str) -> None:
        """Note what the model thinks aloud; it is kept beside the text."""
        if thought and self._thoughts.tell() < REASONING_LIMIT:
            self.thinking_since = self.thinking_since or time.monotonic()
            self._thoughts.write(thought)

    @property
    def reasoning(self) -> str:
        """What the model thought aloud so far."""
        return self._thoughts.getvalue()

    @property
    def text(self) -> str:
        """The whole response; reads to the end."""
        for _ in self:
            pass
        return "".join(self._kept)

    def __str__(self) -> str:
        return self.text

    def close(self) -> None:
        """Cancel the rest; also from another thread, while a read waits."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def without_thoughts(text: str) -> str:
    """Leave the thoughts out of a whole text."""
    lowered = text.lower()
    if not any(tag in lowered for tag in (*PAIRS, *CLOSING)):
        return text
    return CreateResult("", [text]).text
