"""Why somebody isn't signed in by single sign-on."""

from __future__ import annotations


class VerificationFailed(Exception):
    """It isn't shown who somebody is; the text says what to do."""


class ProviderUnavailable(Exception):
    """The provider can't be used just now, or not as it is set up; the text is for who wants to sign in."""

    def __init__(self) -> None:
        super().__init__(
            "Single sign-on can't be used just now. Try again in a moment; the log of this Rivulet says why."
        )
