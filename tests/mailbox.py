"""Run a mail server on loopback that keeps its mails."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.providers.tls import CONTEXT, secured


class Mailbox(socketserver.ThreadingTCPServer):
    """Speaks the part of SMTP that smtplib needs; `letters` are the received mails.

    `refusals` maps the beginning of a line to an answer other than 250, such as `{"RCPT": "550 nobody"}`. `speaks` is
    `smtp`, `smtps` (TLS from the first byte on) or `starttls`.
    """

    daemon_threads = True

    def __init__(self, speaks: str = "smtp") -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.letters: list[str] = []
        self.refusals: dict[str, str] = {}
        self.speaks = speaks
        self.url = f"{'smtps' if speaks == 'smtps' else 'smtp'}://127.0.0.1:{self.server_address[1]}"
        if speaks == "smtps":
            self.socket = secured(self.socket)

    def handle_error(self, *_: object) -> None:
        """Ignore the error: a client that distrusts the certificate hangs up."""


class Conversation(socketserver.StreamRequestHandler):
    """Receives one mail."""

    server: Mailbox

    def handle(self) -> None:
        """Answer each line."""
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            command, sent = line[:4].upper(), line.upper().decode()
            refusal = next((told for begins, told in self.server.refusals.items() if sent.startswith(begins)), "")
            if refusal:
                self.wfile.write(f"{refusal}\r\n".encode())
                continue
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.letters.append(self._letter())
            if command == b"EHLO" and self.server.speaks == "starttls":
                self.wfile.write(b"250-here\r\n250-STARTTLS\r\n")
            if command == b"STAR":
                self._encrypt()
                continue
            self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 fine\r\n")
            if command == b"QUIT":
                return

    def _encrypt(self) -> None:
        self.wfile.write(b"220 go on\r\n")
        self.connection = CONTEXT.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

    def finish(self) -> None:
        """Close the connection, over TLS too."""
        super().finish()
        self.connection.close()

    def _letter(self) -> str:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(lines).decode()


@contextmanager
def mailbox(speaks: str = "smtp") -> Iterator[Mailbox]:
    """Serve while a block runs."""
    with Mailbox(speaks) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()  # a loop whose socket is closed under it turns for ever
