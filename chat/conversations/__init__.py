"""Conversations and their tree of messages: find, ask, branch, continue, delete.

What belongs to a person is found through that person, so a foreign id is simply not found.
"""

from chat.conversations.asking import Choice, StillAnswering, Turn, WrongParent, ask
from chat.conversations.branching import edit, show, try_again, versions
from chat.conversations.continuing import NothingToContinue, go_on
from chat.conversations.finding import NotFound, delete, find, listing, mark_read, message_of, path, reply_of

__all__ = [
    "Choice",
    "NotFound",
    "NothingToContinue",
    "StillAnswering",
    "Turn",
    "WrongParent",
    "ask",
    "delete",
    "edit",
    "find",
    "go_on",
    "listing",
    "mark_read",
    "message_of",
    "path",
    "reply_of",
    "show",
    "try_again",
    "versions",
]
