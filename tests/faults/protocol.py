"""Parse PostgreSQL's protocol as far as a wire needs it: the end of each message, and the client's requests.

https://www.postgresql.org/docs/15/protocol-message-formats.html
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Self

ENCRYPTION = {80877103, 80877104}
"""The codes of SSLRequest and GSSENCRequest."""

NO = b"N"
READY = b"Z"
"""ReadyForQuery: the answer to a simple query, or to Sync, is complete."""

QUERY, PARSE, BIND, EXECUTE = b"Q", b"P", b"B", b"E"


@dataclass(frozen=True)
class Message:
    """One message: its type byte (none in a connection's first message), and its body."""

    kind: bytes
    body: bytes

    @classmethod
    async def read(cls, reader: asyncio.StreamReader, first: bool = False) -> Self | None:
        """Read a message; None at the connection's end."""
        try:
            kind = b"" if first else await reader.readexactly(1)
            size = int.from_bytes(await reader.readexactly(4))
            return cls(kind, await reader.readexactly(size - 4))
        except (asyncio.IncompleteReadError, OSError):
            return None

    @property
    def whole(self) -> bytes:
        """The raw bytes."""
        return self.kind + (len(self.body) + 4).to_bytes(4) + self.body

    @property
    def wants_encryption(self) -> bool:
        """Tell whether a client asks for encryption, which a wire couldn't read."""
        return not self.kind and int.from_bytes(self.body[:4]) in ENCRYPTION

    @property
    def words(self) -> list[bytes]:
        """The zero-terminated strings of the body."""
        return self.body.split(b"\0")


@dataclass
class Session:
    """A client's prepared statements, and the statements of its open transaction."""

    statements: list[str] = field(default_factory=list)
    prepared: dict[bytes, str] = field(default_factory=dict)
    portals: dict[bytes, str] = field(default_factory=dict)

    def commits(self, message: Message) -> bool:
        """Record a client's message; tell whether it asks for COMMIT."""
        name, *rest = message.words
        if message.kind == QUERY:
            return self._run(name.decode())
        if message.kind == PARSE:
            self.prepared[name] = rest[0].decode()
        elif message.kind == BIND:
            self.portals[name] = self.prepared.get(rest[0], "")
        elif message.kind == EXECUTE:
            return self._run(self.portals.get(name, ""))
        return False

    def _run(self, sql: str) -> bool:
        word = sql.lstrip()[:8].upper()
        if word.startswith(("BEGIN", "ROLLBACK")):
            self.statements = []
        elif not word.startswith("COMMIT"):
            self.statements.append(sql)
        return word.startswith("COMMIT")
