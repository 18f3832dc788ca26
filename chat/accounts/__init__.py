"""People: guests, who are known by their session alone, and those who have an account."""

from chat.accounts.guests import NEW_GUEST, welcome

__all__ = ["NEW_GUEST", "welcome"]
