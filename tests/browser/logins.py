"""Run a Chromium with a saved sign-in, written into the file where Chromium on Linux stores them. Without a keyring,
Chromium uses the same key on every machine."""

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
    """Run a Chromium with a saved sign-in while a block runs."""
    with running(chromium, profile):
        pass  # the first run creates its files
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
    """Save a sign-in; required columns that are not named here get empty values."""
    columns = file.execute("SELECT name, type FROM pragma_table_info('logins') WHERE \"notnull\" AND NOT pk").fetchall()
    row: dict[str, Any] = {column: 0 if kind == "INTEGER" else "" for column, kind in columns}
    row |= {"origin_url": f"{origin}/sign-in", "signon_realm": f"{origin}/", "action_url": f"{origin}/sign-in"}
    row |= {"username_element": "email", "username_value": name, "password_element": "password"}
    row |= {"password_value": encrypted(password), "date_created": 13_300_000_000_000_000, "times_used": 1}
    marks = ", ".join("?" * len(row))
    file.execute(f"INSERT INTO logins ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def encrypted(password: str) -> bytes:
    """Encrypt a password as Chromium does without a keyring."""
    gap = 16 - len(password) % 16
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(b" " * 16)).encryptor()
    return b"v10" + encryptor.update(password.encode() + bytes([gap]) * gap) + encryptor.finalize()
