"""Streams that break: none of them ends as a whole one does."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from typing import AnyStr

from chat.routes.streaming.subscription import StillGenerating
from chat.server.logs import report
from chat.storage.database import DatabaseAway
from chat.web.spool import DiskFull, TooManyDownloads

EXPECTED = (DatabaseAway, StillGenerating, TooManyDownloads, DiskFull)
"""What breaks a stream and is no fault: the log tells of an outage once, and a Continue may follow an end at once."""

logger = logging.getLogger(__name__)


class StreamAborted(ConnectionResetError):
    """A stream broke, and nothing could be said of that in it: the server closes the connection, without a word."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "a stream broke off")


def report_breaks(stream: Iterator[AnyStr], farewell: AnyStr | None = None) -> Iterator[AnyStr]:
    """Yield what a stream does; where it breaks, yield `farewell`. Raises StreamAborted where there is none.

    So no broken stream ends as a whole one does. The log says where it broke; a server's own would quote the error.
    """
    try:
        yield from stream
    except Exception as error:
        if not isinstance(error, EXPECTED):
            report(logger, "a stream", error)
        if farewell is None:
            raise StreamAborted from None
        yield farewell
