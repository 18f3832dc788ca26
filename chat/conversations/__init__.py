"""Conversations and their tree of messages: find, ask, try again, delete.

What belongs to a person is found through that person, so a foreign id is simply not found.
"""

from chat.conversations.asking import Choice, StillAnswering, Turn, ask, try_again
from chat.conversations.finding import NotFound, delete, find, listing, path, reply_of

__all__ = [
    "Choice",
    "NotFound",
    "StillAnswering",
    "Turn",
    "ask",
    "delete",
    "find",
    "listing",
    "path",
    "reply_of",
    "try_again",
]
