"""Test the setting for trusted certificates: it covers providers, single sign-on and mail."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

import app as front_door
from chat import config
from chat.config import Settings, WrongSetting
from chat.people import mailer
from chat.people.oidc import ProviderUnavailable
from chat.people.oidc.discovery import Discovery
from chat.providers.errors import Unavailable
from chat.providers.http import certificates
from chat.providers.http.client import StreamingRequest
from tests.mailbox import mailbox
from tests.openid import serving
from tests.providers.server import plain
from tests.providers.tls import CERTIFICATE, SecureServer
from tests.serving import KEY

VARIABLES = ("CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
REFUSED = (Unavailable, ProviderUnavailable, ssl.SSLError)


def ask_a_provider(host: str = "127.0.0.1") -> None:
    with SecureServer(plain("Hello")) as server:
        assert b"".join(StreamingRequest(server.url.replace("127.0.0.1", host), b"{}", pauses=())) == b"Hello"


def ask_a_provider_by_a_name_of_this_machine() -> None:
    ask_a_provider("localhost")


def sign_on() -> None:
    with serving(tls=True) as idp:
        assert Discovery(idp.issuer).issuer() == idp.issuer


def mail(speaks: str = "smtps") -> None:
    with mailbox(speaks) as mails:
        settings = Settings(smtp_url=mails.url, mail_from="r@example.org")
        mailer.send(settings, mailer.Letter("ann@example.org", "A link", "Here."))
        assert len(mails.letters) == 1


def mail_by_starttls() -> None:
    mail("starttls")


WAYS = [ask_a_provider, ask_a_provider_by_a_name_of_this_machine, sign_on, mail, mail_by_starttls]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Flask]]:
    """Start the app with additional settings; afterwards the usual authorities count again."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    apps: list[Flask] = []

    def start(**environ: str) -> Flask:
        known = {"INSTANCE": str(tmp_path), "SECRET_KEY": KEY, "LOCAL_MODEL": "off"}
        apps.append(front_door.build(config.load(known | environ), {}))
        return apps[-1]

    yield start
    certificates.trust("")
    for app in apps:
        app.extensions["rivulet"].database.dispose()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("variable", VARIABLES)
def test_an_authority_of_ones_own_counts_for_all_that_is_asked(start, variable: str, way: Callable[[], None]):
    start(**{variable: str(CERTIFICATE)})

    way()


@pytest.mark.parametrize("way", WAYS)
def test_without_the_setting_nobody_trusts_an_authority_of_ones_own(start, way: Callable[[], None]):
    start()

    with pytest.raises(REFUSED):
        way()


@pytest.mark.parametrize("way", WAYS)
def test_the_first_variable_in_order_counts_alone(start, monkeypatch, tmp_path: Path, way: Callable[[], None]):
    environ = dict.fromkeys(VARIABLES[1:], str(tmp_path / "missing")) | {"CA_BUNDLE": str(CERTIFICATE)}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    start(**environ)

    way()


def test_a_folder_of_authorities_counts_as_well(start, tmp_path: Path):
    (tmp_path / "authorities").mkdir()
    (tmp_path / "authorities" / "ce275665.0").write_text(CERTIFICATE.read_text())

    start(CA_BUNDLE=str(tmp_path / "authorities"))  # `openssl rehash` names the file so

    ask_a_provider()
    mail()


def test_a_provider_whose_certificate_nobody_trusts_is_told_with_the_setting_that_helps():
    with pytest.raises(Unavailable, match=r"certificate that isn't trusted\..*CA_BUNDLE"):
        ask_a_provider()


BROKEN = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "can't be read (No such file or directory)."),
        (lambda path: path.symlink_to(path), "can't be read (Too many levels of symbolic links)."),
        (lambda path: path.touch(), "contains no certificates in PEM format."),
        (lambda path: path.write_text("nothing"), "contains no certificates in PEM format."),
        (lambda path: path.write_text(CERTIFICATE.read_text().partition("-----BEGIN CERT")[0]), "contains no cert"),
        (lambda path: path.write_text(BROKEN), "contains no certificates in PEM format."),
        (lambda path: path.mkdir(), "is a folder without hashed certificates"),
    ],
    ids=["missing", "unreadable", "empty", "text", "only a key", "broken", "an empty folder"],
)
@pytest.mark.parametrize("variable", VARIABLES)
def test_authorities_that_cannot_be_used_stop_the_start(tmp_path: Path, variable: str, make, why: str):
    path = tmp_path / "bundle.pem"
    make(path)

    with pytest.raises(WrongSetting) as refused:
        config.load({variable: str(path)})

    assert str(refused.value).startswith(f"{variable} has an invalid value: {path} {why}")


def test_a_file_that_nobody_may_read_stops_the_start(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", refuse)

    with pytest.raises(WrongSetting, match=r"^SSL_CERT_FILE .*can't be read \(Permission denied\)\."):
        config.load({"SSL_CERT_FILE": str(CERTIFICATE)})
