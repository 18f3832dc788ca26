"""Test closing and time limits in a process that gevent has patched; test_closing.py runs it. It prints each passed
stage."""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[3]))

import gevent  # noqa: E402
import requests.adapters  # noqa: E402
from requests import certs  # noqa: E402

from chat.providers.base import Timeouts  # noqa: E402
from chat.providers.errors import ProviderError  # noqa: E402
from chat.providers.http.client import StreamingRequest  # noqa: E402
from tests.providers.server import SILENCE, Server, chunk, head, plain, whole  # noqa: E402
from tests.providers.tls import CERTIFICATE, SecureServer  # noqa: E402

LONG = Timeouts(connect=30, first_byte=30, read=30, total=30)


def collect(request: StreamingRequest) -> bytes:
    return b"".join(request)


def close(server: Server, pauses: tuple[float, ...] = ()) -> bytes:
    """Close from another greenlet while a read waits; return the bytes read."""
    with server:
        request = StreamingRequest(server.url, b"{}", timeouts=LONG, pauses=pauses)
        reader = gevent.spawn(collect, request)
        assert server.arrived.wait(10)
        time.sleep(0.1)
        request.close()
        return reader.get(timeout=5)


def main() -> None:
    server = Server([SILENCE])
    assert close(server) == b"" and server.left.wait(5)
    print("head")
    server = Server([head(), chunk("Hel"), SILENCE])
    assert close(server) == b"Hel" and server.left.wait(5)
    print("piece")
    server = Server(whole("503 Busy", ""), plain("Hello"))
    assert close(server, (20.0,)) == b"" and server.connections == 1
    print("pause")
    with Server([head(), chunk("Hel"), SILENCE]) as server:
        try:
            collect(StreamingRequest(server.url, b"{}", timeouts=Timeouts(read=0.2)))
        except ProviderError as error:
            assert "went silent for 0.2 seconds" in str(error)
            print("timeout")
    requests.adapters.DEFAULT_CA_BUNDLE_PATH = str(CERTIFICATE)
    certs.where = lambda: str(CERTIFICATE)  # type: ignore[attr-defined]  # the types of requests leave it out
    server = SecureServer([head(), chunk("Hel"), SILENCE])
    assert close(server) == b"Hel" and server.left.wait(5)
    print("tls")
    print("done")


main()
