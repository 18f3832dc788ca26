"""The mailer: sends mails through the SMTP server of the settings, and explains failures for the log."""

from __future__ import annotations

import re
import smtplib
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

from chat.config import Settings, is_loopback
from chat.providers.http import certificates
from chat.server.greenlets import limit_time

TIMEOUT = 20.0
"""How long the mail server can take for each reply, in seconds."""

LEAVE_TIMEOUT = 1.0

ADDRESS = re.compile(r"\S+@\S+")


@dataclass(frozen=True)
class Letter:
    """A mail to one person."""

    to: str
    subject: str
    text: str


class NotPrivate(Exception):
    """A mail server wants a password over an unencrypted connection."""


def reason_of(error: Exception) -> str:
    """Explain for the log why a mail wasn't sent: the code and text of the server's reply, without e-mail addresses."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"{type(error).__name__}, {quote_reply(*next(iter(error.recipients.values())))}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__}, {quote_reply(error.smtp_code, error.smtp_error)}"
    return type(error).__name__  # its text may quote the password


def quote_reply(code: int, words: bytes | str) -> str:
    """Quote a mail server's reply on one line, without addresses."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {ADDRESS.sub('(an address)', ' '.join(text.split()))}"


def send(settings: Settings, letter: Letter) -> None:
    """Send a mail. Raises SMTPException, OSError and NotPrivate."""
    with connect(settings.smtp_url) as server:
        server.send_message(compose(settings.mail_from, letter))


def send_all(settings: Settings, letters: Iterable[Letter], seconds: float) -> dict[str, Exception]:
    """Send mails over one connection, and return the errors by recipient. After some seconds the rest is a timeout."""
    deadline, server, errors = time.monotonic() + seconds, None, dict[str, Exception]()
    for letter in letters:
        try:
            left = seconds_until(deadline)
            with limit_time(left, TimeoutError()):
                server = server or connect(settings.smtp_url, left)
                limit_reply(server, left)
                server.send_message(compose(settings.mail_from, letter))
        except (OSError, ValueError, NotPrivate) as error:  # SMTPException is an OSError
            errors[letter.to] = error
            if server:
                server.close()
            server = None
    if server:
        leave(server)
    return errors


def seconds_until(deadline: float) -> float:
    """Return how long is left. Raises TimeoutError if nothing is."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def limit_reply(server: smtplib.SMTP, seconds: float) -> None:
    """Set how long the server can take for each reply."""
    if server.sock:
        server.sock.settimeout(seconds)


def leave(server: smtplib.SMTP) -> None:
    """Take leave of a server that has all mails."""
    limit_reply(server, LEAVE_TIMEOUT)
    with suppress(OSError):
        server.quit()


def compose(sender: str, letter: Letter) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2].strip(">"))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def connect(url: str, timeout: float = TIMEOUT) -> smtplib.SMTP:
    """Connect to a mail server, encrypted if it can be, and log in. Raises NotPrivate rather than send a password."""
    parsed = urlsplit(url)
    server = reach(parsed, timeout)
    try:
        if parsed.scheme == "smtp":
            encrypt(server, parsed)
        if parsed.username:
            server.login(unquote(parsed.username), unquote(parsed.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def reach(parsed: SplitResult, timeout: float) -> smtplib.SMTP:
    """Open a connection: with TLS from the first byte on for smtps, else in plain text."""
    host = parsed.hostname or ""
    if parsed.scheme == "smtps":
        return smtplib.SMTP_SSL(host, parsed.port or 465, timeout=timeout, context=certificates.mail_tls_context())
    return smtplib.SMTP(host, parsed.port or 587, timeout=timeout)


def encrypt(server: smtplib.SMTP, parsed: SplitResult) -> None:
    """Upgrade with STARTTLS if the server offers that. Raises NotPrivate if a password would be sent without it."""
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=certificates.mail_tls_context())
    elif parsed.username and not is_loopback(parsed.hostname or ""):
        raise NotPrivate
