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
            board,
            "rivulet_requests_total",
            "Requests, counted when the response starts.",
            ("route", "method", "status"),
        )
        self.streams = Gauge(board, "rivulet_streams", "Open streams to browsers and other clients.")
        self.running = Gauge(board, "rivulet_running_answers", "Answers in progress at a provider.")
        self.first_piece = Histogram(
            board,
            "rivulet_first_piece_seconds",
            "Time from the request to a provider until its first piece of text.",
            WAITS,
        )
        self.pieces = Counter(board, "rivulet_pieces_total", "Stored answer pieces (one per tick).")
        self.provider_errors = Counter(
            board, "rivulet_provider_errors_total", "Answers that ended with an error.", ("provider", "kind")
        )
        self.tick = Histogram(
            board, "rivulet_tick_seconds", "Writer transactions, including time spent waiting.", TICKS
        )

    def series(self) -> list[Series]:
        return [
            *(value for value in vars(self).values() if isinstance(value, Series)),
            Reading("rivulet_workers", "Worker processes.", lambda _: 1),
            Reading(
                "rivulet_memory_bytes", "Resident memory of the workers (shared pages counted in each).", memory_of
            ),
            Reading("rivulet_open_files", "Open files of the workers, including connections.", files_of),
            Constant(
                "rivulet_build_info",
                "Version of Rivulet and Python.",
                version=VERSION,
                python=platform.python_version(),
            ),
        ]

    def render(self) -> str:
        """Write the sums over all workers in Prometheus' text format."""
        totals = self.board.totals()
        return "".join(f"{line}\n" for series in self.series() for line in series.lines(totals))
