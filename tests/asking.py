"""What tests of the HTTP surface share: asking as a page does, reading pages, counting what is stored."""

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
    """Begin a conversation as htmx does; gives its id."""
    response = client.post("/conversations", data={"text": text}, headers=HTMX)
    assert response.status_code == 200, response.text
    return int(response.headers["HX-Push-Url"].rsplit("/", 1)[1])


def reply_in(client: FlaskClient, conversation_id: int) -> int:
    """Find the id of the last reply of a conversation in its page."""
    return int(re.findall(r'id="reply-(\d+)"', client.get(f"/conversations/{conversation_id}").text)[-1])


def ended(client: FlaskClient, conversation_id: int) -> str:
    """Wait for the end of a conversation's last reply; gives the page then."""
    assert client.get(f"/replies/{reply_in(client, conversation_id)}/generation").text
    return client.get(f"/conversations/{conversation_id}").text


def key_in(page: str) -> str:
    """Read the one-time key of a page's composer."""
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


def named(client: FlaskClient, name: str = "rivulet") -> str:
    """Name a cookie as the app of a client does."""
    return f"{name}-{client.application.extensions['rivulet'].mark}"


def rows(app: Flask) -> dict[str, int]:
    """Count the rows of every table, without the instance's mark, which each has from its first start on."""
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
    """Give every method and address that the app knows, deletion and signing out last."""
    known = arguments(app, conversation_id=conversation_id, reply_id=reply_id, message_id=reply_id - 1)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule.endswith(("/deletion", "/sign-out"))):
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield method, address(app, rule, method, known), rule


def address(app: Flask, rule: Rule, method: str, known: dict[str, Any]) -> str:
    """Write the address of a rule."""
    return app.url_map.bind("localhost").build(rule.endpoint, {name: known[name] for name in rule.arguments}, method)


def arguments(app: Flask, **known: Any) -> dict[str, Any]:
    """Give what stands in addresses, by its name in the rules; a rule of a new kind has to be added here.

    A `name` is an asset's and nobody else's; the token is nobody's.
    """
    asset = next(iter(app.extensions["rivulet"].assets))
    named = {"digest": asset.split("/")[2], "name": asset.split("/")[3], "form": "md"}
    return named | {"token": "nobodys", "person_id": 1, "invite_id": 1} | known
