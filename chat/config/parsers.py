"""Parsers of settings: each turns text into a value, or raises ValueError."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from email.utils import formataddr, parseaddr
from math import inf
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import idna

N = TypeVar("N", int, float)
PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")


class Unusable(ValueError):
    """Text with an invalid value; the message says why and repeats no secret."""


def number(kind: Callable[[str], N], least: float, most: float = inf) -> Callable[[str], N]:
    def read(text: str) -> N:
        value = kind(text)
        if not least <= value <= most:
            raise ValueError
        return value

    return read


def folder(text: str) -> Path:
    return Path(text).absolute()


def authorities(text: str) -> str:
    """Read a PEM file, or a folder prepared with `openssl rehash`. Raises Unusable."""
    path = Path(text).absolute()
    if path.is_dir() and not any(path.glob("*.[0-9]")):
        raise Unusable(f"{path} is a folder without hashed certificates; use a PEM file, or run `openssl rehash`")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(*((None, path) if path.is_dir() else (path,)))
    except ssl.SSLError as error:
        raise Unusable(f"{path} contains no certificates in PEM format") from error
    except OSError as error:
        raise Unusable(f"{path} can't be read ({error.strerror})") from error
    return str(path)


QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "«": "»"}
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
"""Invisible characters that web pages and chat programs add to copied text."""


def clean_paste(text: str) -> str:
    """Remove invisible characters, and blanks and quotes around the text."""
    text = INVISIBLE.sub("", text).strip()
    while len(text) > 1 and QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    return text


def address(text: str) -> str:
    """Read an http or https URL, without the slash at its end."""
    text = clean_paste(text)
    is_whole = text.startswith(("http://", "https://")) and urlsplit(text).hostname
    if not is_whole or any(sign.isspace() for sign in text):
        raise ValueError
    return text.rstrip("/")


def site(text: str) -> str:
    """Read the URL of an instance: http or https, a host, and optionally a path."""
    whole = urlsplit(address(text))
    if whole.query or whole.fragment:
        raise ValueError
    return f"{whole.scheme}://{whole.netloc}{path(whole.path)}"


def path(text: str) -> str:
    """Read a path that needs no quoting, without the slash at its end."""
    if not PATH.fullmatch(text.rstrip("/")):
        raise ValueError
    return text.rstrip("/")


def mail_server(text: str) -> str:
    parsed = urlsplit(text)
    if parsed.scheme not in {"smtp", "smtps"} or not parsed.hostname or parsed.port == 0:
        raise ValueError
    return text


def dns_name(domain: str) -> str:
    """Encode a domain for DNS. Raises ValueError if it is invalid."""
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()


def sender(text: str) -> str:
    """Read an email address, or a name and an address in angle brackets."""
    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    if not local or not domain or any(sign.isspace() for sign in address):
        raise ValueError
    return formataddr((name, f"{local}@{dns_name(domain)}"))  # mail servers need ASCII domains


def header(text: str) -> str:
    if not text.replace("-", "").isalnum() or not text.isascii():
        raise ValueError
    return text


def names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError
        return text.lower()

    return read
