"""People: guests, who are known by their session alone, and members and admins, who sign in."""

from chat.accounts.guests import NEW_GUEST, welcome

__all__ = ["NEW_GUEST", "welcome"]
