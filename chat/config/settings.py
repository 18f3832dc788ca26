"""Every setting: its name, its default, how it is read and what it means.

docs/configuration.md is held against this table by a test.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chat.config.credentials import key, server
from chat.config.parsers import (
    Unusable,
    address,
    authorities,
    count,
    folder,
    header,
    mail_server,
    names,
    one_of,
    path,
    port,
    seconds,
    sender,
    site,
    up_to_an_hour,
    whole,
)

Settings = dict[str, Any]


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


LOCAL = one_of("auto", "on", "off")
BESIDE_APP = Path(__file__).parent.parent.parent / "instance"

SETTINGS = (
    Setting("HOST", "127.0.0.1", str, "The address to listen on; 0.0.0.0 is every network of the machine."),
    Setting("PORT", 8000, port, "The port to listen on."),
    Setting("WEB_CONCURRENCY", 1, count, "How many worker processes serve."),
    Setting("DRAIN_SECONDS", 4.0, up_to_an_hour, "How long running answers may go on at a stop; 3600 at most."),
    Setting(
        "ACCESS", "", one_of("open", "team"), "Who may chat: `team` who has an account, `open` anyone who gets here."
    ),
    Setting("ADMIN_EMAIL", "", str, "Whom to make the first admin, with ADMIN_PASSWORD; else a link in the log does."),
    Setting("ADMIN_PASSWORD", "", str, "The password of the first admin, where they have no account yet."),
    Setting("SESSION_IDLE_DAYS", 7, count, "After how many days without a visit somebody has to sign in again."),
    Setting("SESSION_DAYS", 30, count, "After how many days somebody has to sign in again in any case."),
    Setting(
        "APP_URL", "", site, "The address by which people reach this, for links, and single sign-on: `https://...`."
    ),
    Setting("SCRIPT_NAME", "", path, "The path of its host that this is under, such as `/chat`; else APP_URL's."),
    Setting("SMTP_URL", "", mail_server, "A server that sends mail: `smtp://user:password@host:587`, or `smtps://`."),
    Setting("MAIL_FROM", "", sender, "Whom mails are from: `rivulet@example.org`, or `Rivulet <rivulet@example.org>`."),
    Setting("OIDC_ISSUER", "", address, "Where single sign-on is: the issuer's address of an OpenID provider."),
    Setting("OIDC_CLIENT_ID", "", str, "As what the OpenID provider knows this app."),
    Setting("OIDC_CLIENT_SECRET", "", str, "By what the OpenID provider knows that it is this app."),
    Setting("OIDC_NAME", "single sign-on", str, "What the button says after `Sign in with`."),
    Setting(
        "OIDC_TRUST_EMAIL",
        "off",
        one_of("on", "off"),
        "`on`: only you give out e-mails there, so they count as verified.",
    ),
    Setting("OIDC_DOMAINS", [], names, "E-mail domains whose people become members when they first sign in there."),
    Setting(
        "AUTH_HEADER", "", header, "The header in which a proxy of yours says the e-mail of who is signed in there."
    ),
    Setting("AUTH_DOMAINS", [], names, "E-mail domains of which that is believed; else all."),
    Setting(
        "TRUSTED_HOSTS", [], names, "Host names to answer to, with commas between; else APP_URL's (locally: localhost)."
    ),
    Setting("TRUSTED_PROXIES", 0, whole, "How many proxies of yours stand in front; 0 believes nothing they say."),
    Setting("SECRET_KEY", "", str, "Signs and encrypts; at least 32 characters. On loopback one is made and kept."),
    Setting(
        "SECRET_KEY_FALLBACKS", [], names, "Older keys, with commas between: what they signed or encrypted still opens."
    ),
    Setting("DATABASE_URL", "", str, "Where all is stored: `postgres://...` or `sqlite:///...`; else in INSTANCE."),
    Setting("METRICS_TOKEN", "", str, "The bearer token that opens /metrics to other machines; else only to this one."),
    Setting(
        "LOG_FORMAT", "text", one_of("text", "json"), "How the log is written: `text`, or `json`, an object a line."
    ),
    Setting("INSTANCE", BESIDE_APP, folder, "The folder for what is kept on this machine."),
    Setting("OPENAI_API_KEY", "", key, "The key for OpenAI, or for the server that OPENAI_BASE_URL names."),
    Setting("OPENAI_BASE_URL", "", server, "Any server of the OpenAI protocol, with its /v1; else OpenAI itself."),
    Setting("OPENAI_MODEL", "", str, "The model of that server to begin with, and the one on offer if it lists none."),
    Setting("AIVVM_URL", "", server, "A server of the chatbot-ui v1 protocol."),
    Setting("AIVVM_API_KEY", "", key, "An OpenAI key to pass to that server, if it wants one."),
    Setting("LOCAL_MODEL", "auto", LOCAL, "The small model on this machine: `auto` if no other is set, `on`, `off`."),
    Setting("PROMPT_LIMIT", 100_000, whole, "The longest message, in characters; 0 is what fits into 1 MiB."),
    Setting("ANSWERS_AT_ONCE", 4, whole, "How many answers one person may have written at once; 0 is no limit."),
    Setting("SENDS_A_MINUTE", 20, whole, "How many answers one person may ask for in a minute; 0 is no limit."),
    Setting("ANSWERS_AT_ONCE_PER_ADDRESS", 20, whole, "The same for all at one network address; 0 is no limit."),
    Setting("SENDS_A_MINUTE_PER_ADDRESS", 100, whole, "The same for all at one network address; 0 is no limit."),
    Setting(
        "CA_BUNDLE",
        "",
        authorities,
        "The certificate authorities to trust in place of the usual ones, for all that is asked by TLS: a file in PEM.",
        ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
    ),
    Setting("CONNECT_TIMEOUT", 5.0, seconds, "How long a provider may take to be reached, in seconds."),
    Setting("FIRST_TIMEOUT", 300.0, seconds, "How long a provider may think before its first byte, in seconds."),
    Setting("GAP_TIMEOUT", 120.0, seconds, "How long a provider may pause in an answer, in seconds."),
    Setting("WHOLE_TIMEOUT", 1800.0, seconds, "How long a whole answer may take, in seconds."),
)


KEYS = ("SECRET_KEY", "METRICS_TOKEN", "OPENAI_API_KEY", "AIVVM_API_KEY", "OIDC_CLIENT_SECRET", "ADMIN_PASSWORD")
ADDRESSES = ("OPENAI_BASE_URL", "AIVVM_URL", "DATABASE_URL", "SMTP_URL")
SECRET = {*KEYS, "SECRET_KEY_FALLBACKS", *ADDRESSES}
"""Settings that are shown to nobody; addresses are among them, as one may hold a password."""


def secrets(settings: Settings) -> list[str]:
    """List what no page and no log may hold."""
    return [*(settings[name] for name in KEYS), *settings["SECRET_KEY_FALLBACKS"]]


def address_of(settings: Settings) -> str:
    """Give the address of this instance as far as its settings tell; empty where they don't."""
    here = f"http://localhost:{settings['PORT']}{settings['SCRIPT_NAME']}" if is_loopback(settings["HOST"]) else ""
    return settings["APP_URL"] or here


def path_of(settings: Settings) -> str:
    """Give the path of its host that this instance is under; empty where it has the whole host. Raises WrongSetting."""
    of_url, script_name = urlsplit(settings["APP_URL"]).path, str(settings["SCRIPT_NAME"])
    if settings["APP_URL"] and script_name not in {"", of_url}:
        raise WrongSetting("SCRIPT_NAME is another path than that of APP_URL. Leave SCRIPT_NAME out.")
    return of_url or script_name


def load(environ: Mapping[str, str]) -> Settings:
    """Read all settings from an environment; an empty variable counts as not set. Raises WrongSetting."""
    settings = {setting.name: value_of(setting, environ) for setting in SETTINGS}
    settings["ACCESS"] = settings["ACCESS"] or ("local" if is_loopback(settings["HOST"]) else "team")
    if settings["SMTP_URL"] and not (settings["APP_URL"] and settings["MAIL_FROM"]):
        raise WrongSetting(
            "SMTP_URL needs APP_URL and MAIL_FROM beside it: a mail has a sender, and links lead to you."
        )
    return settings


def value_of(setting: Setting, environ: Mapping[str, str]) -> Any:
    """Read one setting from an environment. Raises WrongSetting."""
    texts = {name: environ.get(name, "").strip() for name in (setting.name, *setting.others)}
    name = next((name for name, text in texts.items() if text), "")
    if not name:
        return setting.default
    try:
        return setting.read(texts[name])
    except ValueError as error:
        # Not what it is set to: a key may have ended up in the wrong setting.
        why = f": {error}" if isinstance(error, Unusable) else ""
        raise WrongSetting(f"{name} can't be used as it is set{why}. {setting.meaning}") from error


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
