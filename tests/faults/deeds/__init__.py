"""User actions that one transaction stores."""

from tests.faults.deeds.accounts import Accept, Claim, Reset, SignIn
from tests.faults.deeds.chatting import Continue, Delete, Rename, Send, Stop, TryAgain
from tests.faults.deeds.deed import Deed

__all__ = ["DEEDS", "Deed"]

DEEDS: list[type[Deed]] = [Send, Stop, Continue, TryAgain, Accept, Claim, SignIn, Reset, Rename, Delete]
