"""Results that are read from an exchange."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress

from chat.providers.base import ANSWER_LIMIT, CreateResult, ProviderError
from chat.providers.http.client import Exchange


class ExchangeResult(CreateResult):
    """A result that is read from an exchange, and cancels it."""

    def __init__(self, model: str, exchange: Exchange, pieces: Iterable[str] = ()):
        super().__init__(model, pieces)
        self.exchange = exchange

    def gather(self, pause: Callable[[], float]) -> None:
        """Let the bytes of the answer gather before each read."""
        self.exchange.wire.gathering = pause

    def close(self) -> None:
        """Cancel the rest, upstream as well; also from another thread, while a read waits."""
        super().close()
        self.exchange.close()
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


def fetched(exchange: Exchange, limit: int) -> bytes:
    """Read an answer whole, up to `limit` bytes. Raises ProviderErrors."""
    body = bytearray()
    for read in exchange:
        body += read
        if len(body) > limit:
            raise exchange.broken("sent more than this app reads")
    return bytes(body)
