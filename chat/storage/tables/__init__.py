"""The tables of the newest version; migrations/ brings a database there.

Times are whole seconds of the database's clock.
"""

from chat.storage.tables.accounts import BY_STRANGERS, attempts, audit, invites, people, resets, sessions
from chat.storage.tables.base import metadata
from chat.storage.tables.instance import hidden_models, options, services
from chat.storage.tables.messages import conversations, messages, pieces, queued, replies, sends

__all__ = [
    "BY_STRANGERS",
    "attempts",
    "audit",
    "conversations",
    "hidden_models",
    "invites",
    "messages",
    "metadata",
    "options",
    "people",
    "pieces",
    "queued",
    "replies",
    "resets",
    "sends",
    "services",
    "sessions",
]
