"""Test the outcome of a load, calculated from its visitors' chunks."""

from __future__ import annotations

import pytest

from bench.outcome import Outcome
from bench.plan import Load
from bench.stamps import stamped
from bench.texts import length
from bench.visitors import Turn

LOAD = Load(streams=1, tokens=2, rate=20)


def turn(*chunks: tuple[int, bytes], ended: bool = True) -> Turn:
    """Build a turn sent at 1,000 µs, whose stream follows one chunk of a page."""
    return Turn(7, 1_000, [(2_000, b"<html>"), *chunks], 1, ended)


def test_added_time_is_the_visitors_wait_less_the_providers() -> None:
    seen = turn((16_000, stamped(15_000) + b" "), (19_000, stamped(16_000)))

    figures = Outcome(LOAD, [seen], {7: [4_000, 14_000]}).of_visitors()

    assert figures["added_ms_p50"] == 5.0  # 15 ms of waiting, of which the provider took 10 ms
    assert (figures["token_ms_p50"], figures["token_ms_p99"]) == (1.0, 3.0)
    assert figures["failed"] == 0


def test_speed_counts_from_the_first_send_to_the_last_token() -> None:
    seen = turn((11_000, stamped(1_000)), (21_000, stamped(2_000)))

    assert Outcome(LOAD, [seen], {}).of_visitors()["tokens_s"] == pytest.approx(100)


def test_bytes_are_counted_without_the_page_that_came_before() -> None:
    seen = turn((2_000, stamped(1_000) + b" "), (3_000, stamped(2_000) + b" "))

    assert Outcome(LOAD, [seen], {}).of_visitors()["bytes_a_byte"] == 24 / length("prose", 2)


@pytest.mark.parametrize(
    "failed",
    [
        turn((2_000, stamped(1_000)), (3_000, stamped(2_000)), ended=False),
        turn((2_000, stamped(1_000))),
        turn((2_000, stamped(1_000)), (3_000, stamped(1_000))),
        turn(),
    ],
    ids=["without its end", "with one token", "with a token twice", "with nothing"],
)
def test_an_answer_that_lacks_something_has_failed(failed: Turn) -> None:
    assert Outcome(LOAD, [failed], {}).of_visitors()["failed"] == 1


def test_visitors_who_never_got_to_send_have_failed_too() -> None:
    assert Outcome(Load(3, 2, 20), [], {}).of_visitors()["failed"] == 3


def test_cpu_is_shared_among_turns_and_tokens() -> None:
    seen = turn((2_000, stamped(1_000)), (3_000, stamped(2_000)))

    shares = Outcome(LOAD, [seen, seen], {}).of_server(used=0.08)

    assert shares == {"cpu_ms_a_turn": pytest.approx(40), "cpu_s_a_thousand": pytest.approx(20)}
