"""People: guests, who only have a session, and members and admins, who sign in."""

from chat.people.accounts import lock_active
from chat.people.guests import get_or_create, lock_lost, merge_into

__all__ = ["get_or_create", "lock_active", "lock_lost", "merge_into"]
