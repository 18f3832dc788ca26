"""Test that static/vendor holds other authors' files as they published them, with version and licence."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from chat.web import assets

VENDOR = Path(__file__).parent.parent / "static" / "vendor"

PUBLISHED = {
    "htmx-4.0.1.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "hx-sse-4.0.1.min.js": "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
}
"""SHA-256 of the files in the npm package htmx.org: dist/htmx.min.js and dist/ext/hx-sse.min.js."""


def test_vendored_files_are_what_was_published() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")}

    assert found == PUBLISHED


def test_vendored_files_name_their_version_and_the_page_uses_them() -> None:
    used = {path.removeprefix("vendor/") for path in assets.BUNDLES["page.js"] if path.startswith("vendor/")}

    assert used == set(PUBLISHED)
    assert all(re.search(r"-\d+\.\d+\.\d+\.min\.js$", name) for name in used)


def test_their_licence_is_there() -> None:
    assert "Permission to use, copy, modify" in (VENDOR / "htmx-LICENSE").read_text()
