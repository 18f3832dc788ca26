"""The page's styles, scripts, icons and fonts, named by a hash of their content.

Each bundle is one compressed file. Our scripts share one with htmx: after its words, theirs compress better.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import rjsmin
from flask import Blueprint, Flask, Response, request

from chat.config.durations import YEAR
from chat.storage.database import NotFound
from chat.web.state import state, state_of

SCRIPTS = [
    *("browser", "drafts", "composer", "keys", "shortcuts", "problem", "branches", "following", "sharing", "growing"),
    *("list", "reading", "selecting", "place", "focus", "popovers", "copying", "formulas", "printing"),
    "appearance",
]

STYLES = [
    *("base", "page", "conversation", "message", "actions", "facts", "answer", "formulas", "code"),
    *("composer", "shortcuts", "contrast", "print"),
]

BUNDLES = {
    "page.css": [f"css/{name}.css" for name in STYLES],
    "book.css": ["css/book.css"],
    "sheet.css": ["css/sheet.css", "css/admin.css"],
    "page.js": ["vendor/htmx-4.0.1.min.js", "vendor/hx-sse-4.0.1.min.js", *(f"js/{name}.js" for name in SCRIPTS)],
}
"""Name of a bundle: its files in static/, in order."""

ICONS = {"mark.svg": "any", "icon-192.png": "192x192", "icon-512.png": "512x512", "touch-180.png": "180x180"}
"""Name of an icon: its size."""

TYPES = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "png": "image/png",
    "woff2": "font/woff2",
}

COMMENTS = re.compile(rb"/\*.*?\*/", re.DOTALL)
BLANKS = re.compile(rb"\s*([{};])\s*")

FIRST = "../../"
"""The first page in the manifest. Addresses there are relative to its own, so they work under any path."""

PAPER = "#fbf9f5"
"""The background of an installed app before its first page: the paper of the light theme."""

IMMUTABLE = f"public, max-age={YEAR}, immutable"

bp = Blueprint("assets", __name__)


@dataclass(frozen=True)
class Asset:
    """A file as it is sent; only a text is `compressed`."""

    path: str
    mimetype: str
    content: bytes
    compressed: bytes = b""


def register(app: Flask) -> None:
    """Make all assets; templates get an address with `asset(name)`."""
    folder = Path(app.root_path) / "static"
    fonts = {path.name: load_plain(path) for path in sorted((folder / "fonts").glob("*.woff2"))}
    addresses = tuple((name, font.path) for name, font in fonts.items())
    assets = {name: load_plain(folder / "icons" / name) for name in ICONS} | fonts
    assets |= {name: join_files(folder, name, addresses) for name in BUNDLES}
    assets["app.webmanifest"] = make_manifest({name: assets[name].path for name in ICONS})
    state_of(app).assets = {asset.path: asset for asset in assets.values()}
    app.jinja_env.globals["asset"] = {name: asset.path for name, asset in assets.items()}.__getitem__


def join_files(folder: Path, name: str, fonts: tuple[tuple[str, str], ...]) -> Asset:
    content = b"\n".join(read(folder / path, fonts) for path in BUNDLES[name])
    return make_text(name, TYPES[name.rpartition(".")[2]], content)


def read(path: Path, fonts: tuple[tuple[str, str], ...]) -> bytes:
    """Read a file of a bundle: ours without comments and blanks, and styles with the addresses of fonts."""
    content = path.read_bytes()
    if path.parent.name == "vendor":
        return content
    if path.suffix == ".js":
        return rjsmin.jsmin(content)
    content = BLANKS.sub(rb"\1", COMMENTS.sub(b"", content))  # rcssmin takes blanks that count in nested rules
    for name, address in fonts:
        content = content.replace(f'"{name}"'.encode(), f'"../..{address}"'.encode())
    return content


def load_plain(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(path_of(path.name, content), TYPES[path.suffix[1:]], content)


def make_manifest(paths: dict[str, str]) -> Asset:
    """Make the manifest with which browsers install Rivulet as an app."""
    icons = [
        {"src": f"../..{path}", "sizes": ICONS[name], "type": TYPES[name.rsplit(".", 1)[1]]}
        | ({"purpose": "any maskable"} if name.startswith("icon-") else {})  # a system can cut its shape from these
        for name, path in paths.items()
    ]
    about = {"name": "Rivulet", "start_url": FIRST, "scope": FIRST, "display": "standalone", "icons": icons}
    content = json.dumps(about | {"background_color": PAPER, "theme_color": PAPER}).encode()
    return make_text("app.webmanifest", "application/manifest+json", content)


def make_text(name: str, mimetype: str, content: bytes) -> Asset:
    return Asset(path_of(name, content), mimetype, content, gzip.compress(content, 9, mtime=0))


def path_of(name: str, content: bytes) -> str:
    """Return the address of a file, which changes with its content."""
    return f"/assets/{hashlib.sha256(content).hexdigest()[:12]}/{name}"


@bp.get("/assets/<digest>/<name>")
def show(digest: str, name: str) -> Response:
    asset = state.assets.get(f"/assets/{digest}/{name}")
    if asset is None:
        raise NotFound
    small = bool(asset.compressed) and request.accept_encodings.quality("gzip") > 0
    response = Response(asset.compressed if small else asset.content, mimetype=asset.mimetype)
    response.headers.update({"Cache-Control": IMMUTABLE, "Vary": "Accept-Encoding"})
    if small:
        response.headers["Content-Encoding"] = "gzip"
    return response
