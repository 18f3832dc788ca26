"""The answer of a provider: pieces of text, its reasoning and how it ended."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Self

from chat.providers.errors import Interrupted, ProviderError
from chat.providers.thoughts import CLOSING, PAIRS, TEXT, THOUGHT, Part, Thoughts

ANSWER_LIMIT, REASONING_LIMIT = 1_000_000, 200_000
"""The longest answer and the longest reasoning that is stored, in characters."""


class Retraction(str):
    """An empty piece that turns all text before it into a thought."""


RETRACTED = Retraction()


class CreateResult:
    """An answer, read piece by piece; the request is sent when the first piece is read.

    Iterating yields pieces of text. A second iteration yields the same pieces, and raises the same error at its place.
    Reading fills in `finish_reason`, `usage` (`prompt_tokens` and `completion_tokens`), `reasoning`, `thinking_since`
    (monotonic clock) and `aside`, which names parts that are not text by their kind. `notice` is a sentence to show
    until the first piece arrives. Thoughts in tags are not part of the text (thoughts.py). If only a closing tag
    arrives, the piece RETRACTED follows the text that was a thought.
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
        self._tell: Callable[[str], object] = len
        self._error: ProviderError | None = None
        self._length, self._closed = 0, False

    def __iter__(self) -> Iterator[str]:
        position = 0
        while position < len(self._kept) or self._read():
            if position < len(self._kept):
                yield self._kept[position]
                position += 1

    def _read(self) -> bool:
        """Read the next piece, with text or without. Return False at the end."""
        if self._error:
            raise self._error
        if self._closed:
            return False
        try:
            self._source = self._source or self.pieces()
            piece = next(self._source)
            if not self._closed:
                self._take(self._tags.parts(piece))
        except StopIteration:
            self._end()
        except ProviderError as error:
            if not self._closed:
                self._error = error
                self._end()
        return True

    def _take(self, parts: Iterable[Part]) -> None:
        for kind, words in parts:
            if kind == TEXT:
                self._length += len(words)
                if self._length > ANSWER_LIMIT:
                    raise Interrupted("The answer was cut off at one million characters.")
                self._kept.append(words)
            elif kind == THOUGHT:
                self.think(words)
            elif self.thinking_since is None:
                self._retract()

    def _retract(self) -> None:
        said, self._kept = self._kept, [""] * len(self._kept)
        self.think("".join(said))
        self._kept.append(RETRACTED)

    def _end(self) -> None:
        self._take(self._tags.rest())
        self.close()

    def pieces(self) -> Iterator[str]:
        """Yield the text as it arrives; providers override this."""
        return iter(self._given_pieces)

    def gather(self, pause: Callable[[], float]) -> None:
        """Wait `pause()` seconds before each read, so that one read returns more bytes."""

    def listen(self, tell: Callable[[str], object]) -> None:
        """Call `tell` with each piece of reasoning as it arrives."""
        self._tell = tell

    def think(self, thought: str) -> None:
        """Take a piece of reasoning, up to the limit of all."""
        if thought and self._thoughts.tell() < REASONING_LIMIT:
            self.thinking_since = self.thinking_since or time.monotonic()
            self._thoughts.write(thought)
            self._tell(thought)

    @property
    def reasoning(self) -> str:
        return self._thoughts.getvalue()

    @property
    def text(self) -> str:
        """The whole text; reading it waits for the end of the answer."""
        for _ in self:
            pass
        return "".join(self._kept)

    def __str__(self) -> str:
        return self.text

    def close(self) -> None:
        """Cancel the answer, from any thread, even while a read waits."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def without_thoughts(text: str) -> str:
    lowered = text.lower()
    if not any(tag in lowered for tag in (*PAIRS, *CLOSING)):
        return text
    return CreateResult("", [text]).text
