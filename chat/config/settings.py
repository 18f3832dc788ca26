"""Every setting: its name, its default, how it is read and what it means.

docs/configuration.md is held against this table by a test.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chat.config import credentials, parsers
from chat.config.durations import HOUR


class WrongSetting(Exception):
    """A setting can't be used; the message names it and says what it may be."""


@dataclass(frozen=True)
class Setting:
    """One row of the table; `read` turns the text of an environment variable into the value, or raises ValueError.

    Where its own variable is not set, the first of `others` that is set counts.
    """

    name: str
    default: Any
    read: Callable[[str], Any]
    meaning: str
    others: tuple[str, ...] = ()

    def value_in(self, settings: Settings) -> Any:
        """Give what this is set to."""
        return getattr(settings, self.name.lower())


LOCAL = parsers.one_of("auto", "on", "off")
POSITIVE = parsers.integer(1)
NATURAL = parsers.integer(0)
SECONDS = parsers.seconds(1_000_000)
BESIDE_APP = Path(__file__).parent.parent.parent / "instance"


def setting(default: Any, read: Callable[[str], Any], meaning: str, others: tuple[str, ...] = ()) -> Any:
    """Make a row of the table."""
    return field(default=default, metadata={"read": read, "meaning": meaning, "others": others})


@dataclass(frozen=True)
class Settings:
    """The table of settings; the environment's names are these in capitals."""

    host: str = setting("127.0.0.1", str, "The address to listen on; 0.0.0.0 is every network of the machine.")
    port: int = setting(8000, parsers.integer(0, 65_535), "The port to listen on.")
    web_concurrency: int = setting(1, POSITIVE, "How many worker processes serve.")
    drain_seconds: float = setting(
        4.0, parsers.seconds(HOUR), "How long running answers may go on at a stop; 3600 at most."
    )
    access: str = setting(
        "", parsers.one_of("open", "team"), "Who may chat: `team` who has an account, `open` anyone who gets here."
    )
    admin_email: str = setting(
        "", str, "Whom to make the first admin, with ADMIN_PASSWORD; else a link in the log does."
    )
    admin_password: str = setting("", str, "The password of the first admin, where they have no account yet.")
    session_idle_days: int = setting(7, POSITIVE, "After how many days without a visit somebody has to sign in again.")
    session_days: int = setting(30, POSITIVE, "After how many days somebody has to sign in again in any case.")
    app_url: str = setting(
        "", parsers.site, "The address by which people reach this, for links, and single sign-on: `https://...`."
    )
    script_name: str = setting(
        "", parsers.path, "The path of its host that this is under, such as `/chat`; else APP_URL's."
    )
    smtp_url: str = setting(
        "", parsers.mail_server, "A server that sends mail: `smtp://user:password@host:587`, or `smtps://`."
    )
    mail_from: str = setting(
        "", parsers.sender, "Whom mails are from: `rivulet@example.org`, or `Rivulet <rivulet@example.org>`."
    )
    oidc_issuer: str = setting(
        "", parsers.address, "Where single sign-on is: the issuer's address of an OpenID provider."
    )
    oidc_client_id: str = setting("", str, "As what the OpenID provider knows this app.")
    oidc_client_secret: str = setting("", str, "By what the OpenID provider knows that it is this app.")
    oidc_name: str = setting("single sign-on", str, "What the button says after `Sign in with`.")
    oidc_trust_email: str = setting(
        "off", parsers.one_of("on", "off"), "`on`: only you give out e-mails there, so they count as verified."
    )
    oidc_domains: tuple[str, ...] = setting(
        (), parsers.names, "E-mail domains whose people become members when they first sign in there."
    )
    auth_header: str = setting(
        "", parsers.header, "The header in which a proxy of yours says the e-mail of who is signed in there."
    )
    auth_domains: tuple[str, ...] = setting((), parsers.names, "E-mail domains of which that is believed; else all.")
    trusted_hosts: tuple[str, ...] = setting(
        (), parsers.names, "Host names to answer to, with commas between; else APP_URL's (locally: localhost)."
    )
    trusted_proxies: int = setting(0, NATURAL, "How many proxies of yours stand in front; 0 believes nothing they say.")
    secret_key: str = setting("", str, "Signs and encrypts; at least 32 characters. On loopback one is made and kept.")
    secret_key_fallbacks: tuple[str, ...] = setting(
        (), parsers.names, "Older keys, with commas between: what they signed or encrypted still opens."
    )
    database_url: str = setting("", str, "Where all is stored: `postgres://...` or `sqlite:///...`; else in INSTANCE.")
    metrics_token: str = setting(
        "", str, "The bearer token that opens /metrics to other machines; else only to this one."
    )
    log_format: str = setting(
        "text", parsers.one_of("text", "json"), "How the log is written: `text`, or `json`, an object a line."
    )
    instance: Path = setting(BESIDE_APP, parsers.folder, "The folder for what is kept on this machine.")
    openai_api_key: str = setting(
        "", credentials.key, "The key for OpenAI, or for the server that OPENAI_BASE_URL names."
    )
    openai_base_url: str = setting(
        "", credentials.server, "Any server of the OpenAI protocol, with its /v1; else OpenAI itself."
    )
    openai_model: str = setting(
        "", str, "The model of that server to begin with, and the one on offer if it lists none."
    )
    aivvm_url: str = setting("", credentials.server, "A server of the chatbot-ui v1 protocol.")
    aivvm_api_key: str = setting("", credentials.key, "An OpenAI key to pass to that server, if it wants one.")
    local_model: str = setting(
        "auto", LOCAL, "The small model on this machine: `auto` if no other is set, `on`, `off`."
    )
    prompt_limit: int = setting(100_000, NATURAL, "The longest message, in characters; 0 is what fits into 1 MiB.")
    max_concurrent_answers: int = setting(
        4, NATURAL, "How many answers one person may have written at once; 0 is no limit."
    )
    messages_per_minute: int = setting(
        20, NATURAL, "How many answers one person may ask for in a minute; 0 is no limit."
    )
    max_concurrent_answers_per_address: int = setting(
        20, NATURAL, "The same for all at one network address; 0 is no limit."
    )
    messages_per_minute_per_address: int = setting(
        100, NATURAL, "The same for all at one network address; 0 is no limit."
    )
    ca_bundle: str = setting(
        "",
        parsers.authorities,
        "The certificate authorities to trust in place of the usual ones, for all that is asked by TLS: a file in PEM.",
        others=("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
    )
    connect_timeout: float = setting(5.0, SECONDS, "How long a provider may take to be reached, in seconds.")
    first_byte_timeout: float = setting(
        300.0, SECONDS, "How long a provider may think before its first byte, in seconds."
    )
    read_timeout: float = setting(120.0, SECONDS, "How long a provider may pause in an answer, in seconds.")
    total_timeout: float = setting(1800.0, SECONDS, "How long a whole answer may take, in seconds.")


SETTINGS = tuple(Setting(row.name.upper(), row.default, **row.metadata) for row in fields(Settings))

KEYS = ("SECRET_KEY", "METRICS_TOKEN", "OPENAI_API_KEY", "AIVVM_API_KEY", "OIDC_CLIENT_SECRET", "ADMIN_PASSWORD")
ADDRESSES = ("OPENAI_BASE_URL", "AIVVM_URL", "DATABASE_URL", "SMTP_URL")
SECRET = {*KEYS, "SECRET_KEY_FALLBACKS", *ADDRESSES}
"""Settings that are shown to nobody; addresses are among them, as one may hold a password."""


def secrets(settings: Settings) -> list[str]:
    """List what no page and no log may hold."""
    return [*(row.value_in(settings) for row in SETTINGS if row.name in KEYS), *settings.secret_key_fallbacks]


def address_of(settings: Settings) -> str:
    """Give the address of this instance as far as its settings tell; empty where they don't."""
    here = f"http://localhost:{settings.port}{settings.script_name}" if is_loopback(settings.host) else ""
    return settings.app_url or here


def path_of(settings: Settings) -> str:
    """Give the path of its host that this instance is under; empty where it has the whole host. Raises WrongSetting."""
    of_url, script_name = urlsplit(settings.app_url).path, settings.script_name
    if settings.app_url and script_name not in {"", of_url}:
        raise WrongSetting("SCRIPT_NAME is another path than that of APP_URL. Leave SCRIPT_NAME out.")
    return of_url or script_name


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
