"""The page's styles and scripts: one file of each kind, named by a hash of its content, compressed once.

htmx and its extension hx-sse are one file because htmx starts, as a deferred script of its own, before the
extension has registered.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, request

from chat.conversations import NotFound

BUNDLES = {
    "page.css": (
        "text/css",
        "css",
        ["base", "page", "conversation", "message", "actions", "answer", "code", "composer"],
    ),
    "htmx.js": ("text/javascript", "vendor", ["htmx-4.0.1.min", "hx-sse-4.0.1.min"]),
    "page.js": ("text/javascript", "js", ["composer", "problem", "branches", "growing", "reading"]),
}
"""Name of a bundle: its type, its folder in static/, and its files in their order."""

A_YEAR = "public, max-age=31536000, immutable"

bp = Blueprint("assets", __name__)


@dataclass(frozen=True)
class Asset:
    """A bundle as it is sent."""

    path: str
    mimetype: str
    content: bytes
    compressed: bytes


def bundle(app: Flask) -> None:
    """Make the bundles and let templates name them by `asset(name)`."""
    assets = {name: made(Path(app.static_folder or "static"), name) for name in BUNDLES}
    app.extensions["assets"] = {asset.path: asset for asset in assets.values()}
    app.jinja_env.globals["asset"] = {name: asset.path for name, asset in assets.items()}.__getitem__


def made(folder: Path, name: str) -> Asset:
    """Join a bundle's files."""
    mimetype, kind, files = BUNDLES[name]
    suffix = name.rsplit(".", 1)[1]
    content = b"\n".join((folder / kind / f"{file}.{suffix}").read_bytes() for file in files)
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Asset(f"/assets/{digest}/{name}", mimetype, content, gzip.compress(content, 9, mtime=0))


@bp.get("/assets/<digest>/<name>")
def show(digest: str, name: str) -> Response:
    """Send a bundle."""
    asset = current_app.extensions["assets"].get(f"/assets/{digest}/{name}")
    if asset is None:
        raise NotFound
    small = "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(asset.compressed if small else asset.content, mimetype=asset.mimetype)
    response.headers.update({"Cache-Control": A_YEAR, "Vary": "Accept-Encoding"})
    if small:
        response.headers["Content-Encoding"] = "gzip"
    return response
