"""Inject random faults, many at once, again and again: bin/faults runs `python -m tests.faults.rounds`.

A round is one conversation and its own fault. A wave is SLOTS rounds on one server with two workers, and a blow hurts
the whole wave. Checks run during each wave and after it.
"""

from tests.faults.rounds.run import KINDS, WIRES, Rounds

__all__ = ["KINDS", "WIRES", "Rounds"]
