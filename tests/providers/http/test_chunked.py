"""Test chunked bodies."""

from __future__ import annotations

import random

import pytest

from chat.providers.http.chunked import LONGEST_SIZE, BrokenChunks, decode_chunks

BODY = b"5\r\nHello\r\n1;name=value\r\n,\r\nA \r\n wor\r\nld.\n\r\n0\r\nX-Trailer: 1\r\n\r\n"
SAID = b"Hello, wor\r\nld.\n"


def split(body: bytes, seed: int) -> list[bytes]:
    """Split a body at random places."""
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(1, len(body)), chance.randint(0, len(body) - 1)))
    return [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def test_what_chunks_hold_comes_together_however_the_network_cuts_them() -> None:
    for seed in range(300):
        assert b"".join(decode_chunks(split(BODY, seed))) == SAID


def test_many_chunks_of_one_read_are_one_piece() -> None:
    assert list(decode_chunks([BODY])) == [SAID]


def test_a_chunk_is_given_as_far_as_it_has_come() -> None:
    assert list(decode_chunks([b"A\r\nHel", b"lo, ", b"you\r", b"\n0\r\n\r\n"])) == [b"Hel", b"lo, ", b"you", b""]


def test_what_follows_the_last_chunk_is_nobodys() -> None:
    assert b"".join(decode_chunks([BODY + b"HTTP/1.1 200 OK", b"more"])) == SAID


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"5\r\nHel",
        b"5\r\nHello\r\n",
        b"-5\r\nHello\r\n0\r\n\r\n",
        b"+5\r\nHello\r\n0\r\n\r\n",
        b"0x5\r\nHello\r\n0\r\n\r\n",
        b"<html>\r\n",
        b"\r\n5\r\nHello\r\n0\r\n\r\n",
        b"1" * (LONGEST_SIZE + 1),
        b"5;" + b"a" * LONGEST_SIZE,
    ],
)
def test_what_is_no_whole_body_is_broken(body: bytes) -> None:
    with pytest.raises(BrokenChunks):
        list(decode_chunks([body]))
