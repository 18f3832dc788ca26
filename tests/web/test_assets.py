"""Test styles and scripts: bundled, named after their content, small."""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chat.web.assets import BUNDLES


def test_pages_or_what_they_load_name_every_asset_and_each_is_sent_for_a_year(client: FlaskClient, app: Flask) -> None:
    manifest = client.get(path_of(app, "app.webmanifest")).text.replace('"../..', '"')
    styles = [client.get(path_of(app, name)).text.replace('"../..', '"') for name in ("page.css", "book.css")]
    named = "".join([*(client.get(page).text for page in ("/", "/sign-in")), manifest, *styles])

    for path, asset in app.extensions["rivulet"].assets.items():
        response = client.get(path)
        assert f'"{path}"' in named
        assert response.data == asset.content and response.mimetype == asset.mimetype
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_manifest_names_the_app_where_it_starts_and_icons_that_are_there(client: FlaskClient, app: Flask) -> None:
    address = path_of(app, "app.webmanifest")
    manifest = client.get(address).json or {}

    assert (manifest["name"], manifest["display"]) == ("Rivulet", "standalone")
    assert urljoin(address, manifest["start_url"]) == urljoin(address, manifest["scope"]) == "/"
    assert {icon["sizes"] for icon in manifest["icons"]} >= {"192x192", "512x512", "any"}
    for icon in manifest["icons"]:
        sent = client.get(urljoin(address, icon["src"]))
        assert sent.status_code == 200 and sent.mimetype == icon["type"]
        assert icon["type"] != "image/png" or sent.data.startswith(b"\x89PNG")


def path_of(app: Flask, name: str) -> str:
    """Find the address of an asset."""
    return next(path for path in app.extensions["rivulet"].assets if path.endswith(f"/{name}"))


def test_htmx_its_extension_and_our_scripts_are_one_file_in_this_order(client: FlaskClient, app: Flask) -> None:
    script = client.get(path_of(app, "page.js")).text

    assert client.get("/").text.count("<script") == 1
    assert 0 < script.index("4.0.1") < script.index("sse-connect") < script.index("const touch")


def test_a_browser_that_can_gets_it_compressed(client: FlaskClient, app: Flask) -> None:
    for path, asset in app.extensions["rivulet"].assets.items():
        if not asset.compressed:  # icons and fonts are compressed formats already
            continue
        response = client.get(path, headers={"Accept-Encoding": "br, gzip"})
        assert response.headers["Content-Encoding"] == "gzip" and response.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(response.data) == asset.content


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip;q=0, *;q=1", "deflate, gzip;q=0.0"])
def test_a_browser_that_cannot_gets_it_as_it_is(client: FlaskClient, app: Flask, accepted: str) -> None:
    path = path_of(app, "page.css")

    response = client.get(path, headers={"Accept-Encoding": accepted})

    assert "Content-Encoding" not in response.headers
    assert response.data == app.extensions["rivulet"].assets[path].content


def test_the_first_page_with_all_it_needs_is_under_40_kilobytes(client: FlaskClient, app: Flask) -> None:
    page = gzip.compress(client.get("/").data)

    # Excluded: the larger icons for installing, sheet.css for pages outside the chat, fonts.
    assets = [
        asset
        for path, asset in app.extensions["rivulet"].assets.items()
        if asset.mimetype not in {"image/png", "font/woff2"} and not path.endswith("/sheet.css")
    ]
    assert len(page) + sum(len(asset.compressed or asset.content) for asset in assets) < 40_000
    assert 1 + len(assets) <= 6


def test_the_fonts_of_an_english_page_are_under_90_kilobytes_and_the_first_paint_asks_for_none(
    client: FlaskClient, app: Flask
) -> None:
    fonts = {name: len(client.get(path_of(app, f"book-{name}.woff2")).data) for name in ("latin", "latin-italic")}

    assert sum(fonts.values()) < 90_000
    assert "book-" not in client.get(path_of(app, "page.css")).text
    assert 'book.css" media="print" id="book">' in client.get("/").text
    assert client.get("/").text.count("woff2") == 0


def test_our_own_scripts_add_less_than_6_kilobytes(app: Flask) -> None:
    sent = {path.rsplit("/", 1)[1]: asset for path, asset in app.extensions["rivulet"].assets.items()}
    static = Path(app.root_path, "static")
    vendored = b"\n".join((static / path).read_bytes() for path in BUNDLES["page.js"] if path.startswith("vendor/"))

    assert len(sent["page.js"].compressed) - len(gzip.compress(vendored, 9)) <= 6 * 1024
    assert {name for name in sent if name.endswith(".js")} == {"page.js"}
    assert {path.parent.name for path in static.rglob("*.js")} == {"js", "vendor"}


def test_every_script_of_ours_is_sent_without_its_comments_and_none_is_long(app: Flask) -> None:
    files = {f"js/{path.name}": path.read_text() for path in Path(app.root_path, "static", "js").glob("*.js")}
    script = next(
        asset.content.decode() for path, asset in app.extensions["rivulet"].assets.items() if "page.js" in path
    )
    ours = script[script.index("const touch") :]

    assert sorted(files) == sorted(path for path in BUNDLES["page.js"] if path.startswith("js/"))
    assert all(text.count("\n") <= 60 for text in files.values())
    assert "//" not in ours and sum(text.count("addEventListener") for text in files.values()) == ours.count(
        "addEventListener"
    )


def test_a_bundle_of_another_content_is_not_found(client: FlaskClient, app: Flask) -> None:
    path = next(iter(app.extensions["rivulet"].assets))
    name = path.rsplit("/", 1)[1]

    assert client.get(f"/assets/0123456789ab/{name}").status_code == 404
    assert client.get(path.replace(name, "other.css")).status_code == 404
    assert client.get("/static/../app.py").status_code == 404
