"""Requests to providers: sent, retried until the first word, and read as bytes when they arrive.

Each request has its own connection: with a stale kept-alive one, we could not tell whether the server got the question.
Proxies from the environment (HTTPS_PROXY, NO_PROXY) apply, except for loopback; .netrc never does. Redirects are not
followed: they would take the API key elsewhere. certificates.py chooses the authorities.
"""

from __future__ import annotations

import json
import random
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from chat.config import is_loopback
from chat.providers.base import Timeouts
from chat.providers.errors import Interrupted, ProviderError, Unavailable
from chat.providers.http import chunked
from chat.providers.http.connection import CancellableAdapter, CancellableConnection
from chat.providers.http.error_reports import message_of
from chat.providers.http.failures import Failure, failure, retry_after_header
from chat.providers.http.limits import TooLong, read_up_to
from chat.providers.http.reachability import log_cause, proxy_of, unreachable_error
from chat.providers.http.redaction import hide_host
from chat.providers.http.web_pages import is_labelled, is_page

USER_AGENT = "Rivulet/0.1 (+requests)"
PAUSES = (0.5, 1.0)
"""How many seconds to wait before the second and the third attempt, less a random share of up to a half."""
LONGEST_PAUSE = 10.0
ERROR_LIMIT = 64 * 1024
ERROR_PATIENCE = 5.0

LATE = {
    "first_byte": "sent nothing for {:g} seconds",
    "read": "went silent for {:g} seconds",
    "total": "took longer than {:g} seconds",
}

FAULTS = (requests.RequestException, HTTPError, OSError, chunked.BrokenChunks)


class StreamingRequest:
    """A request to a server and the bytes of its answer; each iteration sends it again.

    It is a GET without `body`, else a POST. `key` is only kept out of sentences; `who` is their subject, by
    default the host, which only admins should read. The reader sets `has_text` after the
    first text: failures are Unavailable before it and Interrupted after it. `error_words` is the server's message
    about a failure, `status` the last status. Raises ProviderErrors; ends quietly after `close()`.
    """

    def __init__(
        self,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        key: str = "",
        pauses: tuple[float, ...] | None = None,
        who: str = "",
    ):
        self.url, self.body, self.key = url, body, key
        self.headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", **(headers or {})}
        self.host = urlsplit(url).netloc.rpartition("@")[2]
        self.who = who or self.host
        self._near = is_loopback(urlsplit(url).hostname or "")
        self.connection = CancellableConnection(timeouts or Timeouts())
        self.has_text, self.error_words, self.status = False, "", 0
        self._pauses = PAUSES if pauses is None else pauses

    def __iter__(self) -> Generator[bytes]:
        try:
            self.connection.start()
            with self._session() as session:
                response = self._answer(session)
                yield from self._reject_page(self._reads(response)) if is_labelled(response) else self._reads(response)
        except FAULTS as fault:
            if not self.connection.cancelled.is_set():
                raise log_cause(self._connection_error(fault)) from fault
        except ProviderError as error:
            if not self.connection.cancelled.is_set():
                raise log_cause(error) from error.__cause__

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = not self._near
        session.mount("http://", CancellableAdapter(self.connection))
        session.mount("https://", CancellableAdapter(self.connection))
        return session

    def _answer(self, session: requests.Session) -> requests.Response:
        """Send the request; retry after a temporary failure."""
        answer = self._ask(session)
        for pause in self._pauses:
            if isinstance(answer, requests.Response) or not answer.again or (answer.retry_after or 0) > LONGEST_PAUSE:
                break
            if self.connection.cancelled.wait(max(answer.retry_after or 0, pause * random.uniform(0.5, 1))):
                raise ConnectionAbortedError
            answer = self._ask(session)
        if isinstance(answer, Failure):
            raise answer.error
        return answer

    def _ask(self, session: requests.Session) -> requests.Response | Failure:
        try:
            response = self._send(session)
        except requests.ConnectionError as fault:
            if self.connection.connected or isinstance(fault, (requests.Timeout, requests.exceptions.SSLError)):
                raise
            return Failure(self._connection_error(fault), again=True)
        return self._failure(response) or response

    def _send(self, session: requests.Session) -> requests.Response:
        self.connection.start_attempt()
        session.close()  # otherwise requests reuses an earlier attempt's connection while its server closes it
        return session.request(
            "GET" if self.body is None else "POST",
            self.url,
            data=self.body,
            headers=self.headers,
            auth=NoAuth(),
            timeout=(self.connection.timeouts.connect, None),
            allow_redirects=False,
            stream=True,
        )

    def _failure(self, response: requests.Response) -> Failure | None:
        if (packed := response.headers.get("Content-Encoding", "identity").lower()) != "identity":
            response.close()  # a few bytes can unpack to gigabytes
            return Failure(Unavailable(f"{self.who} compressed its answer ({packed}), which Rivulet doesn't accept."))
        self.status = response.status_code
        if 200 <= self.status < 300:
            return None
        body = self._error_body(response)
        page = is_labelled(response) and is_page(body, labelled=True)
        self.error_words = hide_host(message_of(response.reason, b"" if page else body), self.host, self.who)
        response.close()
        return failure(self.status, self.error_words, self.who, self.key, retry_after_header(response.headers), page)

    def _error_body(self, response: requests.Response) -> bytes:
        self.connection.limit_rest(ERROR_PATIENCE)
        body = bytearray()
        with suppress(TooLong, *FAULTS):
            for read in read_up_to(ERROR_LIMIT, self._reads(response)):
                body += read
        return bytes(body)

    def _reject_page(self, reads: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the reads unless they are a web page; some good streams are labelled as HTML, too."""
        start = next(filter(bytes.strip, reads), b"")
        if is_page(start, labelled=True):
            raise failure(200, "", self.who, self.key, page=True).error
        yield start
        yield from reads

    def _reads(self, response: requests.Response) -> Iterator[bytes]:
        """Yield the bytes of each read; close the response at the end."""
        with response:
            for data in chunked.reads_of(response):
                self.connection.body_started = True
                if data:
                    yield data

    def _connection_error(self, fault: Exception) -> ProviderError:
        times = self.connection.timeouts
        if not self.connection.connected:
            proxy = "" if self._near else proxy_of(self.url)
            return unreachable_error(fault, self.who, self.host, proxy, times.connect)
        if self.connection.exceeded:
            return self.server_error(LATE[self.connection.exceeded].format(getattr(times, self.connection.exceeded)))
        return self.server_error("closed the connection")

    def server_error(self, what: str) -> ProviderError:
        """Return the error for an unreadable answer; `what` says what the server did."""
        if self.has_text:
            return Interrupted(f"The answer was interrupted. {self.who} {what}.")
        return Unavailable(f"{self.who} {what}. Try again in a moment.")

    def close(self) -> None:
        """Cancel the request at any stage, from any thread or greenlet."""
        self.connection.cancel()


class NoAuth(AuthBase):
    """Adds no credentials; without any auth, requests would take the host's password from .netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def encode_json(body: Mapping[str, Any]) -> bytes:
    """Encode a request's body as JSON. Raises ValueError or TypeError for values that JSON lacks."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
