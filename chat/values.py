"""How the text of a setting is read into its value; each raises ValueError for what it can't be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from email.utils import formataddr, parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import idna


def seconds(text: str) -> float:
    """Read a length of time in seconds, more than 0."""
    value = float(text)
    if not 0 < value < 1_000_000:
        raise ValueError
    return value


def up_to_an_hour(text: str) -> float:
    """Read a length of time of at most an hour, in seconds."""
    value = seconds(text)
    if value > 3_600:
        raise ValueError
    return value


def port(text: str) -> int:
    """Read a TCP port, 0 to 65535."""
    value = int(text)
    if not 0 <= value <= 65_535:
        raise ValueError
    return value


def count(text: str) -> int:
    """Read a number, 1 or more."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def whole(text: str) -> int:
    """Read a number, 0 or more."""
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def folder(text: str) -> Path:
    """Read a folder; a relative one is in the working directory of the start."""
    return Path(text).absolute()


class Unusable(ValueError):
    """A text that can't be used; the message says why, without the text."""


QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "«": "»"}
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
"""Signs that nobody sees: a page or a chat puts them into what is copied from it."""


def pasted(text: str) -> str:
    """Leave out of a pasted text what isn't seen, and blanks and quotes around it."""
    text = UNSEEN.sub("", text).strip()
    while len(text) > 1 and QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    return text


def require_ascii(text: str) -> None:
    """Raise Unusable for a sign that only looks like one of ASCII; names it by its place."""
    for place, sign in enumerate(text, start=1):
        if not sign.isascii():
            name = unicodedata.name(sign, "something without a name")
            raise Unusable(f"character {place} is {name}, which only looks like what it should be. Copy it again")


LONGEST_KEY = 512
KEY = re.compile(rf"[!-~]{{0,{LONGEST_KEY}}}")


def key(text: str) -> str:
    """Read an API key: one word of ASCII."""
    text = re.sub(r"^bearer\s+", "", pasted(text), flags=re.IGNORECASE)
    require_ascii(text)
    if not KEY.fullmatch(text):
        raise Unusable(f"a key is one word of letters, digits and signs, of {LONGEST_KEY} at most")
    return text


def address(text: str) -> str:
    """Read an http or https address, without the slash at its end."""
    text = pasted(text)
    is_whole = text.startswith(("http://", "https://")) and urlsplit(text).hostname
    if not is_whole or any(sign.isspace() for sign in text):
        raise ValueError
    return text.rstrip("/")


ENDPOINTS = re.compile(r"(/chat/completions|(?<=/v1)/(completions|models|responses)|/api/(chat|models)(?!/))/*$")
"""What is pasted of an address though it belongs to one request."""

VERSION = re.compile(r"(api-version=[A-Za-z0-9.-]+)?")
"""The one query that an address may have: Azure's."""


def server(text: str) -> str:
    """Read the address of a provider's server, as far as it is the same for all requests."""
    parts = urlsplit(address(text))
    require_ascii(parts.geturl())
    if parts.fragment or parts.port == 0:
        raise ValueError
    if not VERSION.fullmatch(parts.query):
        raise Unusable("after the question mark only api-version=... may stand, and a key has a field of its own")
    return parts._replace(path=ENDPOINTS.sub("", parts.path).rstrip("/")).geturl()


def mail_server(text: str) -> str:
    """Read the address of a mail server."""
    parsed = urlsplit(text)
    if parsed.scheme not in {"smtp", "smtps"} or not parsed.hostname or parsed.port == 0:
        raise ValueError
    return text


def dns_name(domain: str) -> str:
    """Write a domain as DNS knows it. Raises ValueError for what can't be one."""
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()


def sender(text: str) -> str:
    """Read whom mails are from: an address, or a name and an address in angle brackets."""
    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    if not local or not domain or any(sign.isspace() for sign in address):
        raise ValueError
    return formataddr((name, f"{local}@{dns_name(domain)}"))  # mail servers want English letters


def header(text: str) -> str:
    """Read the name of a header."""
    if not text.replace("-", "").isalnum() or not text.isascii():
        raise ValueError
    return text


def names(text: str) -> list[str]:
    """Read a list with commas between."""
    return [name.strip() for name in text.split(",") if name.strip()]


def one_of(*choices: str) -> Callable[[str], str]:
    """Read one of a few words."""

    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError
        return text.lower()

    return read
