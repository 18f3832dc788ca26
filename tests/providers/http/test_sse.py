"""Test server-sent events parsed from bytes that the network cuts anywhere."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.providers.http.limits import TooLong
from chat.providers.http.sse import LINE_LIMIT, Event, events, lines


def data(stream: bytes) -> list[str]:
    return [event.data for event in events([stream])]


def test_an_event_ends_with_a_blank_line():
    assert data(b"data: a\n\ndata: b\n\n") == ["a", "b"]


def test_lines_end_with_crlf_too():
    assert data(b"data: a\r\n\r\ndata: b\r\n\r\n") == ["a", "b"]


def test_a_crlf_cut_between_two_reads_is_one_line_end():
    assert [event.data for event in events([b"data: a\r", b"\n\r", b"\ndata: b\r\n", b"\r\n"])] == ["a", "b"]


def test_lines_of_data_are_joined():
    assert data(b"data: a\ndata: b\n\n") == ["a\nb"]


def test_only_one_space_after_the_colon_is_left_out():
    assert data(b"data:a\n\ndata:  b\n\n") == ["a", " b"]


def test_comments_and_other_fields_are_passed_over():
    assert data(b": ping\n\nid: 7\nretry: 10\ndata: a\n: more\n\n:\n\n") == ["a"]


def test_an_event_has_a_name():
    assert list(events([b"event: error\ndata: x\n\ndata: y\n\n"])) == [Event("x", "error"), Event("y", "message")]


def test_a_name_without_data_is_forgotten():
    assert list(events([b"event: ping\n\ndata: y\n\n"])) == [Event("y", "message")]


def test_the_last_event_counts_without_its_blank_line():
    assert data(b"data: a\n\ndata: b") == ["a", "b"]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\r"])
def test_only_line_feeds_end_a_line(separator):
    assert data(f"data: a{separator}b\n\n".encode()) == [f"a{separator}b"]


def test_bytes_that_are_not_utf_8_are_replaced():
    assert data(b"data: a\xffb\n\n") == ["a\ufffdb"]


@pytest.mark.parametrize("line", [b": ping\n", b"\n", b"id: 7\n\n", b": x\r\n\r\n", b"event: ping\n\n"])
def test_what_is_no_event_comes_to_an_end(line):
    with pytest.raises(TooLong):
        list(events(line * 10_000 for _ in range(200)))


def test_pings_between_events_end_nothing():
    pings = b": ping\n" * 100_000

    assert data(b"data: a\n\n" + pings + b"data: b\n\n" + pings) == ["a", "b"]


def test_a_line_without_an_end_is_cut():
    reads = 0

    def endless():
        nonlocal reads
        yield b"data: "
        while True:
            reads += 1
            yield b"x" * 65536

    with pytest.raises(TooLong):
        list(events(endless()))

    assert reads <= LINE_LIMIT // 65536 + 1


def test_an_event_of_endless_lines_is_cut():
    with pytest.raises(TooLong):
        list(events(b"data:\n" * 1000 for _ in range(LINE_LIMIT)))


def test_a_line_just_within_the_limit_passes():
    text = "x" * (LINE_LIMIT - len("data: "))

    assert data(f"data: {text}\n\n".encode()) == [text]


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))), st.lists(st.integers(0)))
def test_what_is_sent_arrives_wherever_the_network_cuts_it(texts, places):
    stream = "".join(f"data: {text}\n\n" for text in texts).encode()

    assert [event.data for event in events(cut(stream, places))] == texts


@given(st.binary(), st.lists(st.integers(0)))
def test_any_bytes_give_the_same_events_however_they_are_cut(stream, places):
    assert list(events(cut(stream, places))) == list(events([stream]))


@given(st.binary())
def test_lines_lose_nothing_but_their_ends(stream):
    expected = [line.removesuffix(b"\r") for line in stream.split(b"\n")]

    assert list(lines([stream])) == (expected if expected[-1] or stream.endswith(b"\r") else expected[:-1])
