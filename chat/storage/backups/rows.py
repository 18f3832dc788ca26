"""Rows to move: batches of few bytes, and a digest that is the same in any database.

Memory holds one batch, however large the table is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult, Integer, Row, Select, String, Table, func, literal, select

BATCH = 1_000_000
"""The most bytes of text in a batch; a longer row is a batch by itself."""

MOST = 1_000
"""The most rows in a batch."""

LENGTH = {"sqlite": func.length, "postgresql": func.octet_length}
"""The length of a text, in the unit that the database knows without unpacking it."""


@dataclass
class Digest:
    """The number of rows and the sum of their digests, which doesn't depend on their order."""

    rows: int = 0
    total: int = 0

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            said = json.dumps(list(row)).encode()
            self.rows += 1
            self.total = (self.total + int.from_bytes(hashlib.sha256(said).digest())) % 2**256


def batches(connection: Connection, table: Table) -> Iterator[Sequence[Row]]:
    """Read all rows of a table in batches, by its key: a message comes after its parent."""
    sized = select(size_of(connection, table)).order_by(*table.primary_key)
    with stream(connection, sized) as sizes, stream(connection, select(table).order_by(*table.primary_key)) as rows:
        for number in runs(sizes.scalars()):
            yield rows.fetchmany(number)


def stream(connection: Connection, query: Select[Any]) -> CursorResult[Any]:
    """Run a query whose rows stay in the database until we fetch them."""
    return connection.execute(query, execution_options={"stream_results": True})


def size_of(connection: Connection, table: Table) -> Any:
    """Write the SQL for the length of a row's texts."""
    length = LENGTH[connection.dialect.name]
    texts = [func.coalesce(length(column), 0) for column in table.columns if isinstance(column.type, String)]
    return sum(texts, start=literal(0, Integer))


def runs(sizes: Iterable[int]) -> Iterator[int]:
    """Divide rows of these sizes into batches; yield the number of rows of each."""
    number = total = 0
    for size in sizes:
        if number and (total + size > BATCH or number == MOST):
            yield number
            number = total = 0
        number, total = number + 1, total + size
    if number:
        yield number
