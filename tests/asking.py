"""Ask the app as a page does, read its pages, and count the stored rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.routing import Rule

from chat.storage.tables import metadata, options

HTMX = {"HX-Request": "true"}
TEXT = {"Accept": "text/plain"}
PAGE = {"Accept": "text/html"}


def begin(client: FlaskClient, text: str = "Hello?") -> int:
    """Begin a conversation as htmx does; return its id."""
    response = client.post("/conversations", data={"text": text}, headers=HTMX)
    assert response.status_code == 200, response.text
    return int(response.headers["HX-Push-Url"].rsplit("/", 1)[1])


def reply_in(client: FlaskClient, conversation_id: int) -> int:
    """Find the id of the last reply in a conversation's page."""
    return int(re.findall(r'id="reply-(\d+)"', client.get(f"/conversations/{conversation_id}").text)[-1])


def ended(client: FlaskClient, conversation_id: int) -> str:
    """Wait for the end of a conversation's last reply; return the finished page."""
    assert client.get(f"/replies/{reply_in(client, conversation_id)}/generation").text
    return client.get(f"/conversations/{conversation_id}").text


def key_in(page: str) -> str:
    """Read the one-time key of a page's composer."""
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


def named(client: FlaskClient, name: str = "rivulet") -> str:
    """Return the app's name for a cookie of a client."""
    return f"{name}-{client.application.extensions['rivulet'].mark}"


def rows(app: Flask) -> dict[str, int]:
    """Count the rows of every table, except the instance's mark, which the first start stores."""
    with app.extensions["rivulet"].database.read() as connection:
        counted = {table.name: select(func.count()).select_from(table) for table in metadata.sorted_tables}
        counted["options"] = counted["options"].where(options.c.name != "mark")
        return {name: connection.execute(count).scalar_one() for name, count in counted.items()}


def stored(app: Flask) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables, except leases, which change while a reply is being written."""
    with app.extensions["rivulet"].database.read() as connection:
        tables = {table.name: connection.execute(select(table)).mappings() for table in metadata.sorted_tables}
        return {name: [{**row, "lease_until": None} for row in rows] for name, rows in tables.items()}


def addresses(app: Flask, conversation_id: int = 1, reply_id: int = 2) -> Iterator[tuple[str, str, Rule]]:
    """List every method and address of the app, with deletion and sign-out last."""
    known = arguments(app, conversation_id=conversation_id, reply_id=reply_id, message_id=reply_id - 1)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule.endswith(("/deletion", "/sign-out"))):
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield method, address(app, rule, method, known), rule


def address(app: Flask, rule: Rule, method: str, known: dict[str, Any]) -> str:
    """Fill in the address of a rule."""
    return app.url_map.bind("localhost").build(rule.endpoint, {name: known[name] for name in rule.arguments}, method)


def arguments(app: Flask, **known: Any) -> dict[str, Any]:
    """Return the arguments of rules, by name; a rule with a new argument needs it added here.

    `name` is the name of an asset; `token` belongs to no link.
    """
    asset = next(iter(app.extensions["rivulet"].assets))
    named = {"digest": asset.split("/")[2], "name": asset.split("/")[3], "form": "md"}
    return named | {"token": "nobodys", "person_id": 1, "invite_id": 1} | known
