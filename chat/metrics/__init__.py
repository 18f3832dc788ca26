"""Metrics: the table of what Rivulet counts for Prometheus. No number reveals what anybody said.

docs/operating.md lists the same names.
"""

from __future__ import annotations

import platform

from chat import VERSION
from chat.metrics.board import Board
from chat.metrics.instruments import Counter, Gauge, Histogram, Series
from chat.metrics.scrape import Constant, Reading, files_of, memory_of

__all__ = ["Metrics"]

TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
WAITS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300)


class Metrics:
    """All numbers of this process and, once its board is shared, of the other workers of its server."""

    def __init__(self) -> None:
        board = self.board = Board()
        self.requests = Counter(
            board, "rivulet_requests_total", "Requests, once their answer has begun.", ("route", "method", "status")
        )
        self.streams = Gauge(board, "rivulet_streams", "Streams open to browsers and other clients.")
        self.running = Gauge(board, "rivulet_running_answers", "Answers that a provider is asked for.")
        self.first_piece = Histogram(
            board, "rivulet_first_piece_seconds", "From asking a provider to the first piece of its text.", WAITS
        )
        self.pieces = Counter(
            board, "rivulet_pieces_total", "Pieces of answers that were stored; what came within a tick is one."
        )
        self.provider_errors = Counter(
            board, "rivulet_provider_errors_total", "Answers that ended with an error.", ("provider", "kind")
        )
        self.tick = Histogram(
            board, "rivulet_tick_seconds", "Transactions of the writer, the waiting for others included.", TICKS
        )

    def series(self) -> list[Series]:
        return [
            *(value for value in vars(self).values() if isinstance(value, Series)),
            Reading("rivulet_workers", "Worker processes.", lambda _: 1),
            Reading("rivulet_memory_bytes", "Memory of the workers, what they share counted in each.", memory_of),
            Reading("rivulet_open_files", "Open files of the workers, their connections included.", files_of),
            Constant("rivulet_build_info", "What is running.", version=VERSION, python=platform.python_version()),
        ]

    def render(self) -> str:
        """Write the sums over all workers in Prometheus' text format."""
        totals = self.board.totals()
        return "".join(f"{line}\n" for series in self.series() for line in series.lines(totals))
