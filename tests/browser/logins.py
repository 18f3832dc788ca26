"""A Chromium with a saved sign-in: it is written into the file in which Chromium keeps them on Linux, where the key is
the same everywhere as long as no keyring is used.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from playwright.sync_api import BrowserType, Page

from bench.chromium import ARGUMENTS

KEY = hashlib.pbkdf2_hmac("sha1", b"peanuts", b"saltysalt", 1, 16)


@contextmanager
def chromium_with(chromium: BrowserType, profile: Path, origin: str, name: str, password: str) -> Iterator[Page]:
    """Run a Chromium until the end of the block that has saved a sign-in."""
    with running(chromium, profile):
        pass  # it makes its files
    with closing(sqlite3.connect(profile / "Default" / "Login Data")) as file, file:
        save(file, origin, name, password)
    with running(chromium, profile) as page:
        yield page


@contextmanager
def running(chromium: BrowserType, profile: Path) -> Iterator[Page]:
    """Run a Chromium with a profile."""
    path = os.environ["CHROMIUM"]
    context = chromium.launch_persistent_context(profile, executable_path=path, args=ARGUMENTS)
    try:
        yield context.pages[0]
    finally:
        context.close()


def save(file: sqlite3.Connection, origin: str, name: str, password: str) -> None:
    """Save a sign-in; columns that have to hold something, and are not named here, hold nothing."""
    columns = file.execute("SELECT name, type FROM pragma_table_info('logins') WHERE \"notnull\" AND NOT pk").fetchall()
    row: dict[str, Any] = {column: 0 if kind == "INTEGER" else "" for column, kind in columns}
    row |= {"origin_url": f"{origin}/sign-in", "signon_realm": f"{origin}/", "action_url": f"{origin}/sign-in"}
    row |= {"username_element": "email", "username_value": name, "password_element": "password"}
    row |= {"password_value": encrypted(password), "date_created": 13_300_000_000_000_000, "times_used": 1}
    marks = ", ".join("?" * len(row))
    file.execute(f"INSERT INTO logins ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def encrypted(password: str) -> bytes:
    """Encrypt a password as Chromium does where there is no keyring."""
    gap = 16 - len(password) % 16
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(b" " * 16)).encryptor()
    return b"v10" + encryptor.update(password.encode() + bytes([gap]) * gap) + encryptor.finalize()
