"""What an admin enters for a provider, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from chat.config import credentials
from chat.config.parsers import Unusable
from chat.providers import PROVIDERS
from chat.providers.aivvm import Aivvm
from chat.providers.base import AbstractProvider, Timeouts
from chat.providers.openai import OpenAICompatible

KINDS: dict[str, type[OpenAICompatible] | type[Aivvm]] = {"openai": OpenAICompatible, "aivvm": Aivvm}
"""The kinds that can be entered, by the name of the one that the environment sets up."""

LONGEST_URL = 300
LEAST_SHOWN_OF = 12
"""From which length on the end of a key is shown: of a shorter one it would be too much."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
URL = re.compile(
    r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(\?[a-z0-9.=-]*)?",
    re.IGNORECASE,
)
"""An address without a user or a fragment, and without a sign that two programs could read differently."""


class InvalidProvider(Exception):
    """What was entered for a provider can't be used; the text says what to change."""


@dataclass(frozen=True)
class ProviderForm:
    """What an admin entered; an empty key is the one that is kept already."""

    name: str
    kind: str
    url: str
    key: str = field(default="", repr=False)


def read_form(form: Mapping[str, str], name: str | None = None, kind: str | None = None) -> ProviderForm:
    """Read a form; for a provider that exists, `name` and `kind` are what it has. Raises InvalidProvider."""
    name = form.get("name", "").strip() if name is None else name
    kind = form.get("kind", "") if kind is None else kind
    return ProviderForm(good_name(name), good_kind(kind), good_url(form.get("url", "")), good_key(form.get("key", "")))


def good_name(name: str) -> str:
    """Check the name of a provider, which addresses and the names of its models hold. Raises InvalidProvider."""
    if not NAME.fullmatch(name):
        raise InvalidProvider(
            "A name has 1 to 32 letters, digits, dots, dashes or underscores, and begins with a letter or a digit."
        )
    return name


def check_name_is_free(name: str, taken: set[str]) -> None:
    """Raise InvalidProvider for a name that is taken, or is the environment's."""
    if name.lower() in PROVIDERS:
        raise InvalidProvider(f"The name {name} is kept for what the environment sets up. Choose another one.")
    if name.lower() in {other.lower() for other in taken}:
        raise InvalidProvider(f"There is a provider with the name {name} already. Choose another one.")


def good_kind(kind: str) -> str:
    """Check the kind of a provider. Raises InvalidProvider."""
    if kind not in KINDS:
        raise InvalidProvider("Choose the protocol that the server speaks.")
    return kind


def good_url(url: str) -> str:
    """Check the address of a server, without the slash at its end. Raises InvalidProvider."""
    why = "It begins with http:// or https://, and has a host and perhaps a path; no user, no #."
    try:
        url = credentials.server(url)
    except ValueError as error:
        url, why = "", f"{str(error).capitalize()}." if isinstance(error, Unusable) else why
    if not URL.fullmatch(url) or len(url) > LONGEST_URL:
        raise InvalidProvider(f"The address can't be used. {why}")
    return url


def good_key(key: str) -> str:
    """Check a key. Raises InvalidProvider."""
    try:
        return credentials.key(key)
    except Unusable as error:
        raise InvalidProvider(f"The key can't be used: {error}.") from error


def key_end(key: str) -> str:
    """Give what may be shown of a key."""
    return key[-4:] if len(key) >= LEAST_SHOWN_OF else ""


def create_provider(kind: str, url: str, key: str, timeouts: Timeouts) -> AbstractProvider:
    """Make a provider. Raises KeyError for a kind that isn't known."""
    return KINDS[kind](url, key, timeouts)
