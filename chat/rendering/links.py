"""Links that say where they lead: an image becomes one, and a host that hides behind a user's name is named."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from markupsafe import Markup, escape

NOWHERE = SplitResult("", "", "", "", "")


class Links:
    """The links of one rendering, met from left to right."""

    def __init__(self) -> None:
        self._inside = False
        self._disguise = ""

    def begin(self, tag: str, address: str) -> str:
        """Begin a link. In https://bank.example@evil.example the host is the latter, so that is what we name."""
        self._inside = True
        self._disguise = host(address) if "@" in split_address(address).netloc else ""
        return tag

    def end(self) -> str:
        """End a link; behind one that hides its host stands that host."""
        self._inside = False
        return f" ({escape(self._disguise)})</a>" if self._disguise else "</a>"

    def image(self, address: str, description: str, title: str = "") -> str:
        """Show an image as a link that names its host: loading it would tell that host who reads what."""
        if self._inside or split_address(address).scheme not in ("http", "https") or not host(address):
            return escape(description)
        named = Markup(' title="{}"').format(title) if title else ""
        return f'<a href="{escape(address)}"{named}>{escape(description or "image")} ({escape(host(address))})</a>'


def host(address: str) -> str:
    """Find the host of an address; "" where it has none."""
    return split_address(address).hostname or ""


def split_address(address: str) -> SplitResult:
    """Split an address; one that can't be split leads nowhere."""
    try:
        return urlsplit(address)
    except ValueError:
        return NOWHERE
