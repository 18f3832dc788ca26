"""Test the counters: written in Prometheus's format, added up over workers, and documented."""

from __future__ import annotations

import mmap
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chat import VERSION
from chat.metrics import Metrics
from chat.metrics.board import Board
from chat.metrics.instruments import Counter, Gauge, Histogram, format_labels
from chat.providers.errors import ProviderError, RateLimited, Unavailable
from chat.replies import Replies
from chat.replies.live import OwnedReply
from chat.replies.log import ReplyUpdate
from chat.storage.database import Database, DatabaseBusy
from tests.replies.writing import finished
from tests.scripted import Gate, Scripted
from tests.turns import asked, eventually

TOP = Path(__file__).parent.parent


def value(metrics: Metrics, sample: str) -> float:
    """Read one sample from the output."""
    found = re.search(rf"^{re.escape(sample)} (\S+)$", metrics.render(), re.MULTILINE)
    assert found, metrics.render()
    return float(found[1])


def dead_process() -> int:
    """Return the id of a process that has exited."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_counter_counts_each_combination_of_labels() -> None:
    metrics = Metrics()
    metrics.provider_errors.expect([("openai", "BadKey"), ("openai", "Refused")])

    metrics.provider_errors.add("openai", "BadKey")
    metrics.provider_errors.add("openai", "BadKey", by=2)
    metrics.provider_errors.add("somebody", "Else")

    assert value(metrics, 'rivulet_provider_errors_total{provider="openai",kind="BadKey"}') == 3
    assert value(metrics, 'rivulet_provider_errors_total{provider="openai",kind="Refused"}') == 0
    assert value(metrics, 'rivulet_provider_errors_total{provider="other",kind="other"}') == 1


def test_a_histogram_counts_in_each_bucket_what_is_shorter_too() -> None:
    board = Board()
    waits = Histogram(board, "waits", "How long.", (0.1, 1))

    for wait in (0.05, 0.1, 0.5, 60):
        waits.observe(wait)

    assert dict(waits.samples(board.totals())) == {
        'waits_bucket{le="0.1"}': 2,
        'waits_bucket{le="1"}': 3,
        'waits_bucket{le="+Inf"}': 4,
        "waits_sum": pytest.approx(60.65),
        "waits_count": 4,
    }


def test_a_label_ends_where_it_should() -> None:
    assert format_labels([("a", 'x"} 1\n'), ("b", "\\")]) == '{a="x\\"} 1\\n",b="\\\\"}'


def test_every_line_is_one_that_prometheus_reads() -> None:
    sample = r'\w+(\{(\w+="([^"\\\n]|\\.)*",?)+\})? [-+.e\d]+'

    for line in Metrics().render().splitlines():
        assert re.fullmatch(rf"# HELP \w+ .+|# TYPE \w+ (counter|gauge|histogram)|{sample}", line), line


def workers(memory: mmap.mmap, count: int) -> list[tuple[Board, Counter, Gauge]]:
    """Create the boards of workers that share memory."""
    made = []
    for row in range(count):
        board = Board()
        made.append((board, Counter(board, "a", "A."), Gauge(board, "b", "B.")))
        board.share(memory, row)
    return made


def read(board: Board, series: Counter) -> float:
    return next(iter(series.samples(board.totals())))[1]


def test_any_worker_tells_the_sum_of_all() -> None:
    (board, counter, gauge), (_, other_counter, other_gauge) = workers(mmap.mmap(-1, 4096), 2)

    counter.add(by=2)
    other_counter.add(by=3)
    gauge.add()
    other_gauge.add()

    assert read(board, counter) == 5 and read(board, gauge) == 2


def test_what_was_counted_before_it_was_shared_is_not_lost() -> None:
    board = Board()
    counter, gauge = Counter(board, "a", "A."), Gauge(board, "b", "B.")
    counter.add()
    gauge.add()

    board.share(mmap.mmap(-1, 4096), 3)
    gauge.add(by=-1)
    counter.add()

    assert read(board, counter) == 2 and read(board, gauge) == 0


def test_a_dead_worker_still_counts_but_does_nothing_any_more() -> None:
    (board, counter, gauge), (dead, dead_counter, dead_gauge) = workers(mmap.mmap(-1, 4096), 2)
    dead_counter.add(by=3)
    dead_gauge.add()

    dead.own[0] = dead_process()

    assert read(board, counter) == 3 and read(board, gauge) == 0


def test_the_worker_in_a_dead_ones_place_goes_on_counting_where_that_stopped() -> None:
    memory = mmap.mmap(-1, 4096)
    _, counter, gauge = workers(memory, 1)[0]
    counter.add(by=3)
    gauge.add()

    board, counter, gauge = workers(memory, 1)[0]
    counter.add()

    assert read(board, counter) == 4 and read(board, gauge) == 0


def test_a_worker_without_a_row_counts_for_itself() -> None:
    board, counter, _ = workers(mmap.mmap(-1, 16), 1)[0]

    counter.add()

    assert read(board, counter) == 1


def test_an_answer_is_counted_from_its_first_piece_to_its_end(
    replies: Replies, database: Database, person: int, provider: Scripted
) -> None:
    gate = Gate()
    provider.will_say("Hel", gate, "lo")
    turn = asked(database, person)

    replies.start(turn)
    eventually(lambda: value(replies.metrics, "rivulet_pieces_total") == 1)
    running = value(replies.metrics, "rivulet_running_answers")
    gate.open()
    finished(replies, turn)

    assert running == 1
    assert value(replies.metrics, "rivulet_first_piece_seconds_count") == 1
    assert value(replies.metrics, "rivulet_pieces_total") == 2
    eventually(lambda: value(replies.metrics, "rivulet_running_answers") == 0)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ([RateLimited("Slower.")], "RateLimited"),
        (["Hel", Unavailable("Gone.")], "Unavailable"),
        ([ProviderError("No.")], "ProviderError"),
        ([ZeroDivisionError()], "Broken"),
        ([], "Empty"),
    ],
)
def test_an_answer_that_ends_with_an_error_is_counted_by_its_kind(
    replies: Replies, database: Database, person: int, provider: Scripted, script: list, kind: str
) -> None:
    provider.will_say(*script)
    replies.count_errors_of(["scripted"])
    turn = asked(database, person)

    replies.start(turn)
    finished(replies, turn)

    errors = re.findall(r'errors_total\{provider="(\w+)",kind="(\w+)"\} [1-9]', replies.metrics.render())
    assert errors == [("scripted", kind)]


def test_a_tick_that_waits_for_the_database_is_counted_with_its_wait(
    replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: float, **__: bool) -> None:
        raise DatabaseBusy("The database is busy.")

    monkeypatch.setattr(replies.database, "write", busy)

    replies.writer._store({OwnedReply(1, "me"): ReplyUpdate(1, "me", 0, ["So"])})

    assert value(replies.metrics, "rivulet_tick_seconds_count") == 1
    assert value(replies.metrics, "rivulet_pieces_total") == 0


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="This system has no /proc.")
def test_memory_and_files_are_those_of_the_process() -> None:
    metrics = Metrics()

    assert value(metrics, "rivulet_workers") == 1
    assert 5e6 < value(metrics, "rivulet_memory_bytes") < 5e9
    assert value(metrics, "rivulet_open_files") >= len(os.listdir("/proc/self/fd")) - 5


def test_every_metric_is_documented_with_its_kind_and_its_meaning() -> None:
    rows = re.findall(
        r"^\| `(rivulet_\w+)` \| (\w+) \| (.*) \|$", (TOP / "docs/operating.md").read_text(), re.MULTILINE
    )

    assert rows == [(series.name, series.kind, series.meaning) for series in Metrics().series()]


def test_the_version_is_the_newest_of_the_changelog() -> None:
    newest = re.search(r"^## (\S+)", (TOP / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert newest and newest[1] == VERSION
