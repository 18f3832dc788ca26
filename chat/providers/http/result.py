"""Results that are read from an HTTP request."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress

from chat.providers.answer import ANSWER_LIMIT, CreateResult
from chat.providers.errors import ProviderError
from chat.providers.http.client import StreamingRequest
from chat.providers.http.limits import TooLong, read_up_to

BODY_LIMIT = 8 * 1024 * 1024


class HTTPResult(CreateResult):
    """A result that is read from a request; closing it cancels the request."""

    def __init__(self, model: str, request: StreamingRequest, pieces: Iterable[str] = ()):
        super().__init__(model, pieces)
        self.request = request

    def gather(self, pause: Callable[[], float]) -> None:
        self.request.connection.read_pause = pause

    def close(self) -> None:
        super().close()
        self.request.close()
        if isinstance(self._source, Generator):
            with suppress(ValueError):  # another thread is reading it, and closes it at the end
                self._source.close()


def in_one_piece(pieces: Iterable[str]) -> Iterator[str]:
    """Join all pieces into one; yield the text before a failure first."""
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


def read_body(request: StreamingRequest, limit: int = BODY_LIMIT) -> bytes:
    """Read a whole answer, up to `limit` bytes. Raises ProviderErrors."""
    try:
        return b"".join(read_up_to(limit, request))
    except TooLong:
        raise request.server_error("sent too much data") from None
