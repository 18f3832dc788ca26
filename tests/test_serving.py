"""The servers of the tests end with them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

import pytest

from tests.mailbox import mailbox
from tests.serving import upstream
from tests.turns import eventually


@pytest.mark.parametrize("serving", [mailbox, upstream])
def test_a_server_ends_with_a_test_that_breaks_off(serving: Callable[[], AbstractContextManager[object]]) -> None:
    others = set(threading.enumerate())

    with suppress(ZeroDivisionError), serving():
        assert set(threading.enumerate()) > others
        1 / 0

    eventually(lambda: set(threading.enumerate()) <= others, 5)
