"""Define who may do what: a row for each method and endpoint, with the expected answer for each role.

A new route fails the tests until it has a row here.
"""

from __future__ import annotations

ALLOWED = "the request succeeds"
OWN = "the request succeeds for one's own data; another's isn't found, just as what doesn't exist"
FOUND = "the request succeeds for what exists; the rest isn't found"
REFUSED = "the form is refused with a sentence: its fields are wrong, or not for this visitor"
SPENT = "what exists is refused with a sentence; the rest isn't found"
NOT_FOUND = "there is no such page"
SIGN_IN = "a redirect to the sign-in page"

COLUMNS = ("stranger", "guest", "outside", "member", "admin")
"""With ACCESS=open strangers and guests; with ACCESS=team everybody outside it; with both, members and admins.

An instance for its own machine answers as an open one, but anybody there looks after the models as an admin does.
"""

PUBLIC = (ALLOWED, ALLOWED, ALLOWED, ALLOWED, ALLOWED)
CHAT = (ALLOWED, ALLOWED, SIGN_IN, ALLOWED, ALLOWED)
"""Routes that begin or list conversations: they show only the visitor's own."""

THEIRS = (NOT_FOUND, OWN, SIGN_IN, OWN, OWN)
"""Routes that search only the visitor's own data. An admin is no exception."""

ACCOUNT = (SIGN_IN, SIGN_IN, SIGN_IN, ALLOWED, ALLOWED)
ADMIN = (NOT_FOUND, NOT_FOUND, SIGN_IN, NOT_FOUND, ALLOWED)
ADMIN_FINDS = (NOT_FOUND, NOT_FOUND, SIGN_IN, NOT_FOUND, FOUND)
LINK = (FOUND, FOUND, FOUND, FOUND, FOUND)
"""Routes that are open to everybody with the link."""

CLOSED = (NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND)

ROWS = {
    "GET assets.show": LINK,
    "GET health.alive": PUBLIC,
    "GET health.ready": PUBLIC,
    "GET health.metrics": PUBLIC,  # the tests ask from this machine; tests/routes/test_metrics.py asks from elsewhere
    "POST appearance.change": CHAT,
    "GET conversations.new": CHAT,
    "GET conversations.index": CHAT,
    "POST messages.create (new)": CHAT,
    "GET conversations.show": THEIRS,
    "GET conversations.show_menu": THEIRS,
    "POST conversations.rename": THEIRS,
    "POST conversations.mark_read": THEIRS,
    "POST conversations.delete": THEIRS,
    "GET exports.conversation": THEIRS,
    "GET exports.message": THEIRS,
    "GET messages.index": THEIRS,
    "POST messages.create": THEIRS,
    "POST messages.edit": THEIRS,
    "POST messages.show": THEIRS,
    "GET queue.show": THEIRS,
    "POST queue.send": THEIRS,
    "POST queue.take_back": THEIRS,
    "GET replies.follow": THEIRS,
    "GET replies.reasoning": THEIRS,
    "POST replies.stop": THEIRS,
    "POST replies.retry": THEIRS,
    "POST replies.continue_reply": THEIRS,
    "GET login.show": PUBLIC,
    "POST login.sign_in": (REFUSED, REFUSED, REFUSED, REFUSED, REFUSED),
    "POST login.sign_out": PUBLIC,
    "GET first_admin.follow": CLOSED,  # there is an admin; see tests/routes/auth/test_first_admin.py
    "GET first_admin.show": CLOSED,
    "POST first_admin.create": CLOSED,
    "GET invites.follow": LINK,
    "GET invites.show": CLOSED,  # no invite was followed; tests/routes/auth/test_invites.py follows some
    "POST invites.redeem": CLOSED,
    "GET password_resets.follow": LINK,
    "GET password_resets.show": CLOSED,
    "POST password_resets.redeem": CLOSED,
    "GET password_resets.ask": CLOSED,  # no mail is set up
    "POST password_resets.send": CLOSED,
    "POST oidc.begin": CLOSED,  # no provider is set up; tests/routes/accounts/openid goes there and back
    "GET oidc.finish": CLOSED,
    "POST oidc.connect": (SIGN_IN, SIGN_IN, SIGN_IN, NOT_FOUND, NOT_FOUND),
    "POST oidc.disconnect": ACCOUNT,
    "GET account.show": ACCOUNT,
    "POST account.change_password": (SIGN_IN, SIGN_IN, SIGN_IN, REFUSED, REFUSED),
    "POST account.change_name": ACCOUNT,
    "POST account.end_session": ACCOUNT,
    "POST account.end_others": ACCOUNT,
    "GET admin_overview.show": ADMIN,
    "GET admin_health.show": ADMIN,
    "GET admin_audit.index": ADMIN,
    "GET admin_audit.as_csv": ADMIN,
    "GET admin_audit.as_json": ADMIN,
    "GET admin_settings.show": ADMIN,
    "GET admin_people.index": ADMIN,
    "POST admin_people.change": ADMIN_FINDS,
    "POST admin_people.suspend": ADMIN_FINDS,
    "POST admin_people.resume": ADMIN_FINDS,
    "GET admin_people.ask_to_remove": ADMIN_FINDS,
    "POST admin_people.remove": ADMIN_FINDS,
    "POST admin_people.reset": ADMIN_FINDS,
    "GET admin_invites.index": ADMIN,
    "POST admin_invites.create": ADMIN,
    "POST admin_invites.revoke": ADMIN_FINDS,
    "GET admin_models.index": ADMIN,
    "GET admin_models.show": ADMIN_FINDS,
    "POST admin_models.add": (NOT_FOUND, NOT_FOUND, SIGN_IN, NOT_FOUND, REFUSED),
    "POST admin_models.change": (NOT_FOUND, NOT_FOUND, SIGN_IN, NOT_FOUND, SPENT),
    "POST admin_models.set_enabled": ADMIN_FINDS,
    "POST admin_models.ask_again": ADMIN_FINDS,
    "POST admin_models.save_models": ADMIN_FINDS,
    "POST admin_models.delete": ADMIN_FINDS,
}

ROLES = ("stranger", "guest", "suspended", "member", "another member", "admin")
VISITORS = [*((access, role) for access in ("open", "team") for role in ROLES), ("local", "guest"), ("local", "member")]


def column(access: str, role: str, name: str) -> str:
    """Return the column of a role. A suspended member counts as a stranger, and so does a guest where ACCESS=team."""
    if access == "local" and " admin_models." in name:
        return "admin"
    if role in {"member", "another member", "admin"}:
        return role.removeprefix("another ")
    if access == "team":
        return "outside"
    return "stranger" if role == "suspended" else role


def expected(access: str, role: str, name: str, whose: str) -> str:
    """Look up the expected answer for data that is the visitor's `own`, `another's` or `nobody's`."""
    word = ROWS[name][COLUMNS.index(column(access, role, name))]
    if word is OWN:
        return ALLOWED if whose == "own" else NOT_FOUND
    if word in {FOUND, SPENT}:
        return NOT_FOUND if whose == "nobody's" else ALLOWED if word is FOUND else REFUSED
    return word
