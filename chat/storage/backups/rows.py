"""Rows as they are moved: read in batches that hold few bytes, and known by a digest that is the same in any database.

However many a table has and however long its texts are, the memory holds one batch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult, Integer, Row, Select, String, Table, func, literal, select

BATCH = 1_000_000
"""The most that a batch holds, in bytes of text; a longer row is one by itself."""

MOST = 1_000
"""The most rows of a batch."""

LENGTH = {"sqlite": func.length, "postgresql": func.octet_length}
"""How long a text is: in characters or bytes, whichever the database knows without unpacking it."""


@dataclass
class Digest:
    """How many rows there are, and the sum of the digests of each: databases put them in different orders."""

    rows: int = 0
    total: int = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Count some rows in."""
        for row in rows:
            said = json.dumps(list(row)).encode()
            self.rows += 1
            self.total = (self.total + int.from_bytes(hashlib.sha256(said).digest())) % 2**256


def batches(connection: Connection, table: Table) -> Iterator[Sequence[Row]]:
    """Read all rows of a table, by its key: a message comes after the one that it answers."""
    sized = select(size_of(connection, table)).order_by(*table.primary_key)
    with stream(connection, sized) as sizes, stream(connection, select(table).order_by(*table.primary_key)) as rows:
        for number in runs(sizes.scalars()):
            yield rows.fetchmany(number)


def stream(connection: Connection, query: Select[Any]) -> CursorResult[Any]:
    """Run a query whose rows stay in the database until they are fetched."""
    return connection.execute(query, execution_options={"stream_results": True})


def size_of(connection: Connection, table: Table) -> Any:
    """Write how long the texts of a row are."""
    length = LENGTH[connection.dialect.name]
    texts = [func.coalesce(length(column), 0) for column in table.columns if isinstance(column.type, String)]
    return sum(texts, start=literal(0, Integer))


def runs(sizes: Iterable[int]) -> Iterator[int]:
    """Cut rows of some sizes into batches; gives how many rows each has."""
    number = total = 0
    for size in sizes:
        if number and (total + size > BATCH or number == MOST):
            yield number
            number = total = 0
        number, total = number + 1, total + size
    if number:
        yield number
