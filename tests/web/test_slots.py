"""Test slots: a limit in all, a limit for each address, and no lost slots."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from chat.web.slots import Slots


class NoFreeSlot(Exception):
    """No slot is free."""


def test_one_address_takes_its_own_places_and_leaves_the_others() -> None:
    slots = Slots(4, 2, NoFreeSlot)
    with slots.hold("192.0.2.1"), slots.hold("192.0.2.1"):
        with pytest.raises(NoFreeSlot), slots.hold("192.0.2.1"):
            pass
        with slots.hold("192.0.2.2"), slots.hold("192.0.2.3"), pytest.raises(NoFreeSlot), slots.hold("192.0.2.4"):
            pass


@pytest.mark.parametrize(
    ("first", "second"),
    [("2001:db8::1", "2001:db8::ffff:2"), ("192.0.2.1:4000", "192.0.2.1:4001"), ("::ffff:192.0.2.1", "192.0.2.1")],
)
def test_what_is_one_household_is_one_address(first: str, second: str) -> None:
    slots = Slots(4, 1, NoFreeSlot)

    with slots.hold(first), pytest.raises(NoFreeSlot), slots.hold(second):
        pass


def test_a_place_is_free_again_however_it_was_left() -> None:
    slots = Slots(2, 1, NoFreeSlot)

    for number in range(10):
        with pytest.raises(ZeroDivisionError), ExitStack() as held:
            held.enter_context(slots.hold("192.0.2.1"))
            held.enter_context(slots.hold(f"192.0.2.{number + 2}"))
            raise ZeroDivisionError

    assert not slots._taken
