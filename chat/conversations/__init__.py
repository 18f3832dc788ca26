"""Conversations and their tree of messages: find, ask, branch, continue, show a window, rename, delete.

What belongs to a person is found through that person, so a foreign id is simply not found.
"""

from chat.conversations.ancestry import Ancestry
from chat.conversations.asking import StillAnswering, WrongParent, ask
from chat.conversations.branching import edit, show, try_again, versions
from chat.conversations.continuing import NothingToContinue, go_on
from chat.conversations.finding import (
    delete,
    find,
    listing,
    mark_read,
    message_of,
    reasoning_of,
    reply_of,
)
from chat.conversations.naming import NoTitle, rename
from chat.conversations.renewal import Renewal
from chat.conversations.transcript import each
from chat.conversations.turns import Choice, Turn
from chat.conversations.windows import Window

__all__ = [
    "Ancestry",
    "Choice",
    "NoTitle",
    "NothingToContinue",
    "Renewal",
    "StillAnswering",
    "Turn",
    "Window",
    "WrongParent",
    "ask",
    "delete",
    "each",
    "edit",
    "find",
    "go_on",
    "listing",
    "mark_read",
    "message_of",
    "reasoning_of",
    "rename",
    "reply_of",
    "show",
    "try_again",
    "versions",
]
