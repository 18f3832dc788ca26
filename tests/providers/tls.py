"""Put the scripted server behind TLS, with a certificate that only tests trust."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from tests.providers.server import Script, Server

CERTIFICATE = Path(__file__).with_name("self-signed.pem")
"""A key and its certificate for localhost and 127.0.0.1, created for these tests."""

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(CERTIFICATE)


def secured(listening: socket.socket) -> ssl.SSLSocket:
    """Put TLS on a listening socket. A client that connects and sends nothing doesn't block the others."""
    return CONTEXT.wrap_socket(listening, server_side=True, do_handshake_on_connect=False)


class SecureServer(Server):
    """The scripted server over TLS."""

    def __init__(self, *scripts: Script, bind: str = "127.0.0.1"):
        super().__init__(*scripts, bind=bind)
        self.url = self.url.replace("http:", "https:")

    def _serve(self, connection: socket.socket, script: Script) -> None:
        try:
            secured = CONTEXT.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            return
        super()._serve(secured, script)
