"""Invites by mail: read whom to invite, and mail each their link."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping

from chat.config import Settings
from chat.people import accounts, audit, mailer
from chat.people.accounts import BadEmail
from chat.people.invites import BadInvite, name_emails
from chat.people.mailer import Letter
from chat.people.person import Person

MOST_EMAILS = 50
"""How many people can be invited at once."""

MOST_SECONDS = 15.0
"""How long the mails can take in all: routers of platforms give up a request after 30 s."""

IN_BRACKETS = re.compile("<([^<>]*)>")

SUBJECT = "You're invited to Rivulet"
INVITE_MAIL = """\
{inviter} invited you to Rivulet at {site}.

Create your account:

{link}

The link works once and expires in {expires}. If you weren't expecting this, ignore this email.
"""

logger = logging.getLogger(__name__)


def read_emails(text: str) -> list[str]:
    """Read the emails in a text, each once: separated by commas, lines or blanks, or `Ann <ann@example.org>`.

    Raises BadInvite.
    """
    written = [email for part in re.split(r"[,;\n\r]", text) for email in emails_in(part)]
    if len(written) > MOST_EMAILS:
        raise BadInvite(f"Invite up to {MOST_EMAILS} people at once. No invite was created.")
    if wrong := [audit.to_line(email)[: accounts.LONGEST_EMAIL] for email in written if not is_email(email)]:
        raise BadInvite(name_emails(wrong, "isn't valid", "aren't valid"))
    return list(dict.fromkeys(map(accounts.require_email, written)))


def emails_in(part: str) -> list[str]:
    """List what stands in angle brackets in a line, and beside them what isn't a name."""
    inside, beside = IN_BRACKETS.findall(part), IN_BRACKETS.sub(" ", part).split()
    return [*map(str.strip, inside), *(word for word in beside if "@" in word or not inside)]


def is_email(text: str) -> bool:
    try:
        return bool(accounts.require_email(text))
    except BadEmail:
        return False


def send(settings: Settings, by: Person, links: Mapping[str, str], days: int) -> list[str]:
    """Mail each person their link, and return the emails that none was sent to; the log says why."""
    errors = mailer.send_all(settings, letters(settings, by, links, days), MOST_SECONDS)
    for error in errors.values():
        logger.error("an invite could not be mailed: %s", mailer.reason_of(error))
    return list(errors)


def letters(settings: Settings, by: Person, links: Mapping[str, str], days: int) -> Iterator[Letter]:
    words = {
        "inviter": f"{by.name} ({by.email})" if by.name else by.email,
        "site": settings.app_url,
        "expires": "1 day" if days == 1 else f"{days} days",
    }
    for email, link in links.items():
        yield Letter(email, SUBJECT, INVITE_MAIL.format(link=link, **words))
