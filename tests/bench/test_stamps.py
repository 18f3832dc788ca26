"""Test stamps: a token's text shows its age, however it arrives."""

from __future__ import annotations

from bench.stamps import ROUND, first_seen, latencies, stamped
from chat import rendering


def test_a_stamp_counts_at_its_first_appearance() -> None:
    first, second = stamped(1_000), stamped(2_000)

    seen = first_seen([(5_000, b"<p>" + first + b" "), (9_000, b"<p>" + first + b" " + second + b"</p>")])

    assert seen == {1_000: 5_000, 2_000: 9_000}
    assert sorted(latencies(seen)) == [4_000, 7_000]


def test_a_stamp_that_comes_in_two_parts_came_with_the_second() -> None:
    stamp = stamped(1_000)

    assert first_seen([(5_000, stamp[:4]), (6_000, stamp[4:-1]), (7_000, stamp[-1:])]) == {1_000: 7_000}


def test_a_latency_is_right_where_the_stamps_clock_begins_anew() -> None:
    written = 3 * ROUND - 10

    assert latencies(first_seen([(written + 25, stamped(written))])) == [25]


def test_a_stamp_survives_markdown_as_it_is() -> None:
    stamp = stamped(987_654_321)

    assert stamp.decode() in rendering.render(f"*It* took {stamp.decode()}.", "m1")
