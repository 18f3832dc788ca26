"""What the log says when something breaks: where, but not the error's own words, which may quote a message."""

from __future__ import annotations

import logging
import traceback


def report(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Log that `what` broke, the kind of error and the places it passed."""
    places = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s broke with %s at\n%s", what, type(error).__name__, places)
