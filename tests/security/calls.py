"""List every route, and the fields to send to it."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

from tests.marked import PASSWORD

SENT = {"text": "Hello?", "title": "Another title", "password": PASSWORD, "email": "newcomer@example.org"}
"""What the forms want."""


def routes(app: Flask) -> Iterator[tuple[str, str, Rule]]:
    """List each method of each rule: the name of its row in the matrix, the method, and the rule."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield f"{method} {name_of(rule)}", method, rule


def name_of(rule: Rule) -> str:
    """Name a rule by its endpoint; where two rules share one, also by their address."""
    return f"{rule.endpoint} (new)" if rule.endpoint == "messages.create" and not rule.arguments else rule.endpoint
