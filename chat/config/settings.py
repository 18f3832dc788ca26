"""All settings: names, defaults, parsers and meanings. A test checks docs/configuration.md against this table."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chat.config import credentials, parsers
from chat.config.durations import HOUR
from chat.config.parsers import Unusable


class WrongSetting(Exception):
    """A setting has an invalid value; the message names it and the valid values."""


@dataclass(frozen=True)
class Setting:
    """One row of the table; `read` parses the text of an environment variable, or raises ValueError.

    If its variable is not set, the first of `others` that is set counts.
    """

    name: str
    default: Any
    read: Callable[[str], Any]
    meaning: str
    others: tuple[str, ...] = ()

    def value_in(self, settings: Settings) -> Any:
        return getattr(settings, self.name.lower())


LOCAL = parsers.one_of("auto", "on", "off")
POSITIVE = parsers.number(int, 1)
NATURAL = parsers.number(int, 0)
SECONDS = parsers.number(float, 0.001, 1_000_000)
BESIDE_APP = Path(__file__).parent.parent.parent / "instance"


def setting(default: Any, read: Callable[[str], Any], meaning: str, others: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"read": read, "meaning": meaning, "others": others})


@dataclass(frozen=True)
class Settings:
    """The table of settings; environment variables have the same names in capitals."""

    host: str = setting("127.0.0.1", str, "Address to listen on. 0.0.0.0 means all network interfaces.")
    port: int = setting(8000, parsers.number(int, 0, 65_535), "Port to listen on.")
    web_concurrency: int = setting(1, POSITIVE, "Number of worker processes.")
    drain_seconds: float = setting(
        4.0, parsers.number(float, 0.001, HOUR), "Seconds to let running answers finish at shutdown (at most 3600)."
    )
    access: str = setting(
        "", parsers.one_of("open", "team"), "Who can chat: `team` (people with an account) or `open` (anyone)."
    )
    admin_email: str = setting(
        "", str, "Email of the first admin, with ADMIN_PASSWORD. Without it, use the setup link in the log."
    )
    admin_password: str = setting("", str, "Password of the first admin, if they have no account yet.")
    session_idle_days: int = setting(7, POSITIVE, "Days of inactivity before people must sign in again.")
    session_days: int = setting(30, POSITIVE, "Days before people must sign in again.")
    app_url: str = setting(
        "", parsers.site, "Public URL of this server, used in links and single sign-on: `https://...`."
    )
    script_name: str = setting("", parsers.path, "Path of this server, such as `/chat` (default: the path of APP_URL).")
    smtp_url: str = setting("", parsers.mail_server, "Mail server: `smtp://user:password@host:587`, or `smtps://`.")
    mail_from: str = setting(
        "", parsers.sender, "Sender address of emails: `rivulet@example.org`, or `Rivulet <rivulet@example.org>`."
    )
    oidc_issuer: str = setting("", parsers.address, "Issuer URL of the OpenID provider.")
    oidc_client_id: str = setting("", str, "Client ID at the OpenID provider.")
    oidc_client_secret: str = setting("", str, "Client secret at the OpenID provider.")
    oidc_name: str = setting("single sign-on", str, "Name on the sign-in button, after `Sign in with`.")
    oidc_trust_email: str = setting(
        "off", parsers.one_of("on", "off"), "`on`: only you assign emails at the provider, so they count as verified."
    )
    oidc_domains: tuple[str, ...] = setting(
        (), parsers.names, "Email domains whose users become members at first sign-in, comma-separated."
    )
    auth_header: str = setting("", parsers.header, "Header with the signed-in user's email, set by your proxy.")
    auth_domains: tuple[str, ...] = setting((), parsers.names, "Email domains accepted in AUTH_HEADER (default: all).")
    trusted_hosts: tuple[str, ...] = setting(
        (), parsers.names, "Accepted host names, comma-separated (default: the host of APP_URL; locally, localhost)."
    )
    trusted_proxies: int = setting(0, NATURAL, "Number of trusted proxies in front; 0 ignores forwarded headers.")
    secret_key: str = setting(
        "", str, "Key for signing and encryption, at least 32 characters. Created automatically on localhost."
    )
    secret_key_fallbacks: tuple[str, ...] = setting(
        (), parsers.names, "Previous keys that still work, comma-separated."
    )
    database_url: str = setting(
        "", str, "Database URL: `postgres://...` or `sqlite:///...` (default: SQLite in INSTANCE)."
    )
    metrics_token: str = setting("", str, "Bearer token for /metrics from other machines (default: this machine only).")
    log_format: str = setting(
        "text", parsers.one_of("text", "json"), "Log format: `text` or `json` (one object per line)."
    )
    instance: Path = setting(BESIDE_APP, parsers.folder, "Data folder.")
    openai_api_key: str = setting("", credentials.key, "API key for OpenAI or for OPENAI_BASE_URL.")
    openai_base_url: str = setting("", credentials.server, "OpenAI-compatible server, including /v1 (default: OpenAI).")
    openai_model: str = setting("", str, "Default model; also used if the server lists none.")
    aivvm_url: str = setting("", credentials.server, "chatbot-ui v1 server.")
    aivvm_api_key: str = setting("", credentials.key, "OpenAI key to pass to the server at AIVVM_URL, if needed.")
    local_model: str = setting(
        "auto", LOCAL, "Built-in demo model: `auto` (only while no other model is connected), `on` or `off`."
    )
    prompt_limit: int = setting(100_000, NATURAL, "Longest message in characters (0: up to 1 MiB).")
    max_concurrent_answers: int = setting(4, NATURAL, "Answers in progress per person (0: no limit).")
    messages_per_minute: int = setting(20, NATURAL, "Messages per minute per person (0: no limit).")
    max_concurrent_answers_per_address: int = setting(
        20, NATURAL, "Answers in progress per network address (0: no limit)."
    )
    messages_per_minute_per_address: int = setting(
        100, NATURAL, "Messages per minute per network address (0: no limit)."
    )
    ca_bundle: str = setting(
        "",
        parsers.authorities,
        "Certificate authorities to trust instead of the usual ones, for all TLS connections: a PEM file.",
        others=("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
    )
    connect_timeout: float = setting(5.0, SECONDS, "Timeout in seconds for connecting to a provider.")
    first_byte_timeout: float = setting(300.0, SECONDS, "Timeout in seconds for the first byte of an answer.")
    read_timeout: float = setting(120.0, SECONDS, "Timeout in seconds between two pieces of an answer.")
    total_timeout: float = setting(1800.0, SECONDS, "Timeout in seconds for a whole answer.")


SETTINGS = tuple(Setting(row.name.upper(), row.default, **row.metadata) for row in fields(Settings))


def load(environ: Mapping[str, str]) -> Settings:
    """Read all settings from environment variables; an empty one counts as not set. Raises WrongSetting."""
    values = {row.name.lower(): value_of(row, environ) for row in SETTINGS}
    values["access"] = values["access"] or ("local" if is_loopback(values["host"]) else "team")
    if values["smtp_url"] and not (values["app_url"] and values["mail_from"]):
        raise WrongSetting("SMTP_URL also needs APP_URL and MAIL_FROM.")
    return Settings(**values)


def value_of(row: Setting, environ: Mapping[str, str]) -> Any:
    texts = {name: environ.get(name, "").strip() for name in (row.name, *row.others)}
    name = next((name for name, text in texts.items() if text), "")
    if not name:
        return row.default
    try:
        return row.read(texts[name])
    except ValueError as error:
        # Leave the value out: it could be a key in the wrong setting.
        why = f": {error}" if isinstance(error, Unusable) else ""
        raise WrongSetting(f"{name} has an invalid value{why}. {row.meaning}") from error


KEYS = ("SECRET_KEY", "METRICS_TOKEN", "OPENAI_API_KEY", "AIVVM_API_KEY", "OIDC_CLIENT_SECRET", "ADMIN_PASSWORD")
ADDRESSES = ("OPENAI_BASE_URL", "AIVVM_URL", "DATABASE_URL", "SMTP_URL")
SECRET = {*KEYS, "SECRET_KEY_FALLBACKS", *ADDRESSES}
"""Settings that are never shown; a URL can contain a password."""


def secrets(settings: Settings) -> list[str]:
    """Return the values that must not appear on a page or in the log."""
    return [*(row.value_in(settings) for row in SETTINGS if row.name in KEYS), *settings.secret_key_fallbacks]


def address_of(settings: Settings) -> str:
    """Return the public URL of this instance; "" if the settings don't tell."""
    host = settings.host.strip("[]")
    if settings.app_url or host in {"0.0.0.0", "::"}:
        return settings.app_url
    name = "localhost" if is_loopback(host) else f"[{host}]" if ":" in host else host
    return f"http://{name}:{settings.port}{settings.script_name}"


def path_of(settings: Settings) -> str:
    """Return the path of this instance; "" if it has the whole host. Raises WrongSetting."""
    of_url, script_name = urlsplit(settings.app_url).path, settings.script_name
    if settings.app_url and script_name not in {"", of_url}:
        raise WrongSetting("SCRIPT_NAME differs from the path of APP_URL. Remove SCRIPT_NAME.")
    return of_url or script_name


def is_loopback(host: str) -> bool:
    """Check whether only this machine can reach a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
