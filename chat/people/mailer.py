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

TIMEOUT = 20.0
"""How long the mail server can take for each reply, in seconds."""

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
    """Explain for the log why a mail wasn't sent: the code and text of the server's reply, without email addresses."""
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
            server = server or connect(settings.smtp_url, seconds_until(deadline))
            limit_time(server, seconds_until(deadline))
            server.send_message(compose(settings.mail_from, letter))
        except (OSError, NotPrivate) as error:  # SMTPException is an OSError
            errors[letter.to] = error
            if server:
                server.close()
            server = None
    if server:
        with suppress(OSError):
            server.quit()
    return errors


def seconds_until(deadline: float) -> float:
    """Return how long is left. Raises TimeoutError if nothing is."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def limit_time(server: smtplib.SMTP, seconds: float) -> None:
    """Set how long the server can take for each reply."""
    if server.sock:
        server.sock.settimeout(seconds)


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
    server = (connect_tls if parsed.scheme == "smtps" else connect_starttls)(parsed, timeout)
    if parsed.username:
        server.login(unquote(parsed.username), unquote(parsed.password or ""))
    return server


def connect_tls(parsed: SplitResult, timeout: float) -> smtplib.SMTP:
    """Connect to a server that speaks TLS from the first byte."""
    host, context = parsed.hostname or "", certificates.mail_tls_context()
    return smtplib.SMTP_SSL(host, parsed.port or 465, timeout=timeout, context=context)


def connect_starttls(parsed: SplitResult, timeout: float) -> smtplib.SMTP:
    """Connect to a server in plain text, and upgrade with STARTTLS if it offers that. Raises NotPrivate."""
    host = parsed.hostname or ""
    server = smtplib.SMTP(host, parsed.port or 587, timeout=timeout)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=certificates.mail_tls_context())
    elif parsed.username and not is_loopback(host):
        server.close()
        raise NotPrivate
    return server
