"""Who may do what: a row for each method and endpoint, an answer for each kind of visitor.

A new route fails the tests until it has a row here.
"""

from __future__ import annotations

ALLOWED = "it is done, whatever is asked for"
OWN = "one's own is done; what is another's is not found, as what doesn't exist"
NOT_FOUND = "there is no such page"
SIGN_IN = "the way to the page that signs in"

COLUMNS = ("stranger", "guest", "outside", "member", "admin")
"""With ACCESS=open a stranger, and a guest; with ACCESS=team whoever is no member; with both a member, and an admin."""

PUBLIC = (ALLOWED, ALLOWED, ALLOWED, ALLOWED, ALLOWED)
CHAT = (ALLOWED, ALLOWED, SIGN_IN, ALLOWED, ALLOWED)
"""What begins or lists: it shows a visitor their own and nothing else."""

THEIRS = (NOT_FOUND, OWN, SIGN_IN, OWN, OWN)
"""What is found through the person who asks. An admin is no exception."""

ROWS = {
    "GET assets.show": PUBLIC,
    "GET health.alive": PUBLIC,
    "GET health.ready": PUBLIC,
    "GET metrics.show": PUBLIC,  # the tests ask from this machine; tests/routes/test_metrics.py asks from elsewhere
    "GET conversations.new": CHAT,
    "GET conversations.index": CHAT,
    "POST messages.create (new)": CHAT,
    "GET conversations.show": THEIRS,
    "POST conversations.rename": THEIRS,
    "POST conversations.read": THEIRS,
    "POST conversations.delete": THEIRS,
    "GET exports.conversation": THEIRS,
    "GET exports.message": THEIRS,
    "GET messages.index": THEIRS,
    "POST messages.create": THEIRS,
    "POST messages.edit": THEIRS,
    "POST messages.show": THEIRS,
    "GET replies.follow": THEIRS,
    "GET replies.reasoning": THEIRS,
    "POST replies.stop": THEIRS,
    "POST replies.retry": THEIRS,
    "POST replies.go_on": THEIRS,
}

VISITORS = [
    ("open", "stranger"),
    ("open", "guest"),
    ("open", "member"),
    ("open", "another member"),
    ("open", "admin"),
]


def column(access: str, role: str) -> str:
    """Name the column of a visitor. Whoever is suspended is a stranger; a guest of open times is no member."""
    if role in {"member", "another member", "admin"}:
        return role.removeprefix("another ")
    if access == "team":
        return "outside"
    return "stranger" if role == "suspended" else role


def expected(access: str, role: str, name: str) -> str:
    """Look up what a visitor gets of a route."""
    return ROWS[name][COLUMNS.index(column(access, role))]
