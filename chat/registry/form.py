"""The form of a provider: read it, and check each field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from chat.config import credentials
from chat.config.parsers import Unusable
from chat.providers import PROVIDERS
from chat.providers.aivvm import Aivvm
from chat.providers.openai import OpenAICompatible

KINDS: dict[str, type[OpenAICompatible] | type[Aivvm]] = {"openai": OpenAICompatible, "aivvm": Aivvm}
"""The kinds that an admin can choose."""

LONGEST_URL = 300

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,31}")
URL = re.compile(
    r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(\?[a-z0-9.=-]*)?",
    re.IGNORECASE,
)
"""An address without user, fragment, and characters that two programs could read differently."""


class InvalidProvider(Exception):
    """A field of the form can't be used; the text says what to change."""


@dataclass(frozen=True)
class ProviderForm:
    """The fields that an admin entered; an empty key keeps the stored one."""

    name: str
    kind: str
    url: str
    key: str = field(default="", repr=False)


def read_form(form: Mapping[str, str], name: str | None = None, kind: str | None = None) -> ProviderForm:
    """Read a form; an existing provider passes its `name` and `kind`. Raises InvalidProvider."""
    name = " ".join(form.get("name", "").split()) if name is None else name
    kind = form.get("kind", "") if kind is None else kind
    if not NAME.fullmatch(name):
        raise InvalidProvider(
            "Enter a name of 1 to 32 letters (A to Z), digits, spaces, dots, dashes or underscores. It must start "
            "with a letter or digit."
        )
    if kind not in KINDS:
        raise InvalidProvider("Choose an API type.")
    return ProviderForm(name, kind, good_url(form.get("url", "")), good_key(form.get("key", "")))


def check_name_is_free(name: str, taken: set[str]) -> None:
    """Raise InvalidProvider if a name is taken in any case, or is one that the environment would take away."""
    if name in PROVIDERS:
        raise InvalidProvider(f'"{name}" is reserved. Choose another name.')
    if name.lower() in {other.lower() for other in taken}:
        raise InvalidProvider(f'A provider named "{name}" already exists. Choose another name.')


def good_url(url: str) -> str:
    """Return the address of a server without the slash at its end. Raises InvalidProvider."""
    why = "The URL isn't valid. Enter one such as https://api.example.com/v1, without a user name or a #."
    try:
        url = credentials.server(url)
    except ValueError as error:
        url, why = "", f"The URL isn't valid: {error}." if isinstance(error, Unusable) else why
    if not URL.fullmatch(url) or len(url) > LONGEST_URL:
        raise InvalidProvider(why)
    return url


def good_key(key: str) -> str:
    """Return a key as it can be sent. Raises InvalidProvider."""
    try:
        return credentials.key(key)
    except Unusable as error:
        raise InvalidProvider(f"The API key isn't valid: {error}.") from error
