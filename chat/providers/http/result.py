"""Results that are read from an HTTP request."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress

from chat.providers.answer import ANSWER_LIMIT, CreateResult
from chat.providers.errors import ProviderError
from chat.providers.http.client import StreamingRequest
from chat.providers.http.limits import TooLong, read_up_to


class HTTPResult(CreateResult):
    """A result that is read from a request, and cancels it."""

    def __init__(self, model: str, request: StreamingRequest, pieces: Iterable[str] = ()):
        super().__init__(model, pieces)
        self.request = request

    def gather(self, pause: Callable[[], float]) -> None:
        """Let the bytes of the answer gather before each read."""
        self.request.connection.read_pause = pause

    def close(self) -> None:
        """Cancel the rest, upstream as well; also from another thread, while a read waits."""
        super().close()
        self.request.close()
        if isinstance(self._source, Generator):
            with suppress(ValueError):  # it is being read just now, and lets go by itself
                self._source.close()


def in_one_piece(pieces: Iterable[str]) -> Iterator[str]:
    """Join pieces into one; where they break off, what came before comes first."""
    said, failed, length = [], None, 0
    try:
        for piece in pieces:
            said.append(piece)
            length += len(piece)
            if length > ANSWER_LIMIT:
                break
    except ProviderError as error:
        failed = error
    text = "".join(said)
    yield from filter(None, (text[:ANSWER_LIMIT], text[ANSWER_LIMIT:]))
    if failed:
        raise failed


def read_body(request: StreamingRequest, limit: int) -> bytes:
    """Read an answer whole, up to `limit` bytes. Raises ProviderErrors."""
    try:
        return b"".join(read_up_to(limit, request))
    except TooLong:
        raise request.server_error("sent more than this app reads") from None
