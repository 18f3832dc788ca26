"""The mailer: sends mails through the SMTP server of the settings, and explains failures for the log."""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

from chat.config import Settings, is_loopback
from chat.providers.http import certificates

TIMEOUT = 20.0
"""How long the mail server can take for each reply, in seconds."""

ADDRESS = re.compile(r"\S+@\S+")


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


def send(settings: Settings, to: str, subject: str, text: str) -> None:
    """Send a mail. Raises SMTPException, OSError and NotPrivate."""
    sender, message = settings.mail_from, EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2].strip(">"))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    with connect(settings.smtp_url) as server:
        server.send_message(message)


def connect(url: str) -> smtplib.SMTP:
    """Connect to a mail server, encrypted if it can be, and log in. Raises NotPrivate rather than send a password."""
    parsed = urlsplit(url)
    server = connect_tls(parsed) if parsed.scheme == "smtps" else connect_starttls(parsed)
    if parsed.username:
        server.login(unquote(parsed.username), unquote(parsed.password or ""))
    return server


def connect_tls(parsed: SplitResult) -> smtplib.SMTP:
    """Connect to a server that speaks TLS from the first byte."""
    host, context = parsed.hostname or "", certificates.mail_tls_context()
    return smtplib.SMTP_SSL(host, parsed.port or 465, timeout=TIMEOUT, context=context)


def connect_starttls(parsed: SplitResult) -> smtplib.SMTP:
    """Connect to a server in plain text, and upgrade with STARTTLS if it offers that. Raises NotPrivate."""
    host = parsed.hostname or ""
    server = smtplib.SMTP(host, parsed.port or 587, timeout=TIMEOUT)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=certificates.mail_tls_context())
    elif parsed.username and not is_loopback(host):
        server.close()
        raise NotPrivate
    return server
