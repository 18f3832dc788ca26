"""Take a browser's way to single sign-on and back."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlsplit

import requests
from flask import Flask
from flask.testing import FlaskClient

from chat.storage.tables import people

HOME = {"OIDC_DOMAINS": "example.org"}


def address_in(page: str) -> str:
    """Read the address that the page leads to."""
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def there(client: FlaskClient, start: str = "/sign-in/openid", **form: str) -> str:
    """Go to the provider as a browser does; return the address to which it sends the browser back."""
    answer = client.post(start, data=form)
    assert answer.status_code == 200, answer.text
    there = requests.get(address_in(answer.text), allow_redirects=False, timeout=10)
    assert there.status_code == 302, there.text
    return there.headers["Location"]


def back(client: FlaskClient, address: str) -> Any:
    """Follow the address back; return the app's answer."""
    parsed = urlsplit(address)
    return client.get(f"{parsed.path}?{parsed.query}")


def through(client: FlaskClient, **form: str) -> Any:
    """Sign in, there and back; return the app's answer."""
    return back(client, there(client, **form))


def person(app: Flask, email: str = "ann@example.org") -> Any:
    """Find a person, with all stored columns."""
    with app.extensions["rivulet"].database.read() as connection:
        return connection.execute(people.select().where(people.c.email == email)).first()
