"""Random faults, many at once, again and again: bin/faults runs them by `python -m tests.faults.rounds`.

A round is one conversation to which something happens; a wave is SLOTS of them on one server with two workers. One blow
hurts a whole wave, and beside it each round has what happens to it alone. What must hold is checked after each wave,
and all the while.
"""

from tests.faults.rounds.run import KINDS, WIRES, Rounds

__all__ = ["KINDS", "WIRES", "Rounds"]
