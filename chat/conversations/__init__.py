"""Conversations and their trees of messages: find, ask, branch, continue, show a window, rename, delete.

Every search names the person, so another person's id is simply not found.
"""

from chat.conversations.ancestry import Ancestry
from chat.conversations.branches import edit, show, try_again, versions
from chat.conversations.continuation import NothingToContinue, continue_reply
from chat.conversations.days import group_by_day
from chat.conversations.html_renewal import Renewal
from chat.conversations.paging import Window
from chat.conversations.queries import (
    delete,
    find,
    listing,
    mark_read,
    message_of,
    read_message,
    reasoning_of,
    reply_of,
)
from chat.conversations.queue import NotQueued, Queued, QueueFull, find_queued, is_followed, send_now, take_back
from chat.conversations.records import Conversation, Message, Reply
from chat.conversations.submission import StillAnswering, WrongParent, ask
from chat.conversations.titles import NoTitle, rename
from chat.conversations.transcript import read_transcript
from chat.conversations.turns import Choice, Draft, Turn

__all__ = [
    "Ancestry",
    "Choice",
    "Conversation",
    "Draft",
    "Message",
    "NoTitle",
    "NotQueued",
    "NothingToContinue",
    "QueueFull",
    "Queued",
    "Renewal",
    "Reply",
    "StillAnswering",
    "Turn",
    "Window",
    "WrongParent",
    "ask",
    "continue_reply",
    "delete",
    "edit",
    "find",
    "find_queued",
    "group_by_day",
    "is_followed",
    "listing",
    "mark_read",
    "message_of",
    "read_message",
    "read_transcript",
    "reasoning_of",
    "rename",
    "reply_of",
    "send_now",
    "show",
    "take_back",
    "try_again",
    "versions",
]
