"""Every page and state of the product: the one list for the accessibility checks and for the gallery."""

from __future__ import annotations

from tests.browser.states import (
    account,
    admin,
    answers,
    controls,
    errors,
    first_page,
    progress,
    sidebar,
    sign_in,
    without_javascript,
)
from tests.browser.states.state import State

AREAS: dict[str, list[State]] = {
    "The first page": first_page.STATES,
    "Chat: answers": answers.STATES,
    "Chat: unfinished answers": progress.STATES,
    "Chat: actions": controls.STATES,
    "Sidebar and menus": sidebar.STATES,
    "Without JavaScript": without_javascript.STATES,
    "Signing in": sign_in.STATES,
    "Account": account.STATES,
    "Admin": admin.STATES,
    "Errors": errors.STATES,
}

STATES = [state for states in AREAS.values() for state in states]
