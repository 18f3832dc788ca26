"""Test the mark of an instance: created once, and the same for all workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from chat.storage.database import Database
from chat.storage.instance_mark import get_mark


def test_workers_that_start_at_once_agree_on_one_mark(either: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        marks = set(pool.map(get_mark, [either] * 4))

    assert len(marks) == 1 and len(marks.pop()) == 8
    assert get_mark(either) == get_mark(either)
