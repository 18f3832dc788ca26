"""People: guests, who are known by their session alone, and members and admins, who sign in."""

from chat.people.accounts import hold_active
from chat.people.guests import lost_guest, take_along, welcome

__all__ = ["hold_active", "lost_guest", "take_along", "welcome"]
