"""Test a provider's list of models before it is loaded."""

from __future__ import annotations

import pytest

from chat.providers import model_list
from chat.providers.model_list import ModelList


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_the_first_list_is_waited_for_once_and_not_in_each_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    waited: list[float] = []
    monkeypatch.setattr(model_list, "time", clock)
    listed = ModelList(lambda: [])
    monkeypatch.setattr(listed, "refresh", lambda: None)
    monkeypatch.setattr(listed._asked, "wait", waited.append)

    listed.models(1.5)
    clock.now += 1
    listed.models(1.5)
    clock.now += 1
    listed.models(1.5)

    assert waited == [1.5, 0.5, 0]
