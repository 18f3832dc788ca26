"""Styles and scripts: bundled, named by their content, small."""

from __future__ import annotations

import gzip

from flask import Flask
from flask.testing import FlaskClient


def test_a_page_or_its_manifest_names_every_asset_and_each_is_sent_for_a_year(client: FlaskClient, app: Flask) -> None:
    named = client.get("/").text + client.get(path_of(app, "app.webmanifest")).text

    for path, asset in app.extensions["assets"].items():
        response = client.get(path)
        assert f'"{path}"' in named
        assert response.data == asset.content and response.mimetype == asset.mimetype
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_manifest_names_the_app_where_it_starts_and_icons_that_are_there(client: FlaskClient, app: Flask) -> None:
    manifest = client.get(path_of(app, "app.webmanifest")).json or {}

    assert (manifest["name"], manifest["start_url"], manifest["display"]) == ("Rivulet", "/", "standalone")
    assert {icon["sizes"] for icon in manifest["icons"]} >= {"192x192", "512x512", "any"}
    for icon in manifest["icons"]:
        sent = client.get(icon["src"])
        assert sent.status_code == 200 and sent.mimetype == icon["type"]
        assert icon["type"] != "image/png" or sent.data.startswith(b"\x89PNG")


def path_of(app: Flask, name: str) -> str:
    """Find the address of an asset."""
    return next(path for path in app.extensions["assets"] if path.endswith(f"/{name}"))


def test_htmx_and_its_extension_are_one_script_in_this_order(client: FlaskClient, app: Flask) -> None:
    script = client.get(path_of(app, "htmx.js")).text

    assert client.get("/").text.count("<script") == 2
    assert 0 < script.index("4.0.1") < script.index("hx-sse:connect") or "hx-sse" in script


def test_a_browser_that_can_gets_it_compressed(client: FlaskClient, app: Flask) -> None:
    for path, asset in app.extensions["assets"].items():
        if not asset.compressed:  # an icon is small as it is
            continue
        response = client.get(path, headers={"Accept-Encoding": "br, gzip"})
        assert response.headers["Content-Encoding"] == "gzip" and response.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(response.data) == asset.content


def test_the_first_page_with_all_it_needs_is_under_40_kilobytes(client: FlaskClient, app: Flask) -> None:
    page = gzip.compress(client.get("/").data)

    assets = app.extensions["assets"].values()
    assert len(page) + sum(len(asset.compressed or asset.content) for asset in assets) < 40_000


def test_a_bundle_of_another_content_is_not_found(client: FlaskClient, app: Flask) -> None:
    path = next(iter(app.extensions["assets"]))
    name = path.rsplit("/", 1)[1]

    assert client.get(f"/assets/0123456789ab/{name}").status_code == 404
    assert client.get(path.replace(name, "other.css")).status_code == 404
    assert client.get("/static/../app.py").status_code == 404
