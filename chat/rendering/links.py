"""Links that show where they lead: an image becomes a link, and a host hidden behind a user name is named."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from markupsafe import Markup, escape

NOWHERE = SplitResult("", "", "", "", "")


@dataclass
class Links:
    """The links of one rendering, from left to right; `disguised` is the host that the open link hides."""

    is_inside: bool = False
    disguised: str = ""

    def begin(self, tag: str, address: str) -> str:
        """Begin a link. In https://bank.example@evil.example the host is evil.example, so we name that."""
        self.is_inside = True
        parts = split_address(address)
        self.disguised = parts.hostname or "" if "@" in parts.netloc else ""
        return tag

    def end(self) -> str:
        """End a link; name the host that it hides."""
        self.is_inside = False
        return f" ({escape(self.disguised)})</a>" if self.disguised else "</a>"

    def image(self, address: str, description: str, title: str = "") -> str:
        """Show an image as a link that names its host: loading it would tell that host who reads what."""
        parts = split_address(address)
        if self.is_inside or parts.scheme not in ("http", "https") or not parts.hostname:
            return escape(description)
        named = Markup(' title="{}"').format(title) if title else ""
        return f'<a href="{escape(address)}"{named}>{escape(description or "image")} ({escape(parts.hostname)})</a>'


def split_address(address: str) -> SplitResult:
    """Split an address; a malformed one leads nowhere."""
    try:
        return urlsplit(address)
    except ValueError:
        return NOWHERE
