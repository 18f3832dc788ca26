"""How the text of a setting is read into its value; each raises ValueError for what it can't be."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from email.utils import formataddr, parseaddr
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

import idna

PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")


class Unusable(ValueError):
    """A text that can't be used; the message says why, and of a secret nothing."""


def seconds(most: float) -> Callable[[str], float]:
    """Read a length of time in seconds: more than 0, and `most` at most."""

    def read(text: str) -> float:
        value = float(text)
        if not 0 < value <= most:
            raise ValueError
        return value

    return read


def integer(least: int, most: float = inf) -> Callable[[str], int]:
    """Read a whole number from `least` to `most`."""

    def read(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError
        return value

    return read


def folder(text: str) -> Path:
    """Read a folder; a relative one is in the working directory of the start."""
    return Path(text).absolute()


def authorities(text: str) -> str:
    """Read a file of certificate authorities, or a folder of them as `openssl rehash` makes it. Raises Unusable."""
    path = Path(text).absolute()
    if path.is_dir() and not any(path.glob("*.[0-9]")):
        raise Unusable(f"{path} is a folder without hashed certificates, and not a file in PEM")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(*((None, path) if path.is_dir() else (path,)))
    except ssl.SSLError as error:
        raise Unusable(f"{path} holds no certificates (in PEM)") from error
    except OSError as error:
        raise Unusable(f"{path} can't be read ({error.strerror})") from error
    return str(path)


QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "«": "»"}
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
"""Signs that nobody sees: a page or a chat puts them into what is copied from it."""


def clean_paste(text: str) -> str:
    """Leave out of a pasted text what isn't seen, and blanks and quotes around it."""
    text = INVISIBLE.sub("", text).strip()
    while len(text) > 1 and QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    return text


def address(text: str) -> str:
    """Read an http or https address, without the slash at its end."""
    text = clean_paste(text)
    is_whole = text.startswith(("http://", "https://")) and urlsplit(text).hostname
    if not is_whole or any(sign.isspace() for sign in text):
        raise ValueError
    return text.rstrip("/")


def site(text: str) -> str:
    """Read the address of an instance: http or https, a host, and a path or none."""
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


def names(text: str) -> tuple[str, ...]:
    """Read a list with commas between."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def one_of(*choices: str) -> Callable[[str], str]:
    """Read one of a few words."""

    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError
        return text.lower()

    return read
