"""People: guests, who are known by their session alone, and members and admins, who sign in."""

from chat.accounts.guests import lost_guest, take_along, welcome
from chat.accounts.people import hold_active

__all__ = ["hold_active", "lost_guest", "take_along", "welcome"]
