"""Test mails: their content, and the log line of a failure."""

from __future__ import annotations

import smtplib
import time
from email import message_from_string, policy

import pytest

from chat.config import Settings, parsers
from chat.people import mailer
from tests.mailbox import mailbox


@pytest.mark.parametrize(
    ("sender", "domain"),
    [("rivulet@example.org", "example.org"), ("Ruisseau <r@b\u00fccher.example>", "xn--bcher-kva.example")],
)
def test_a_letter_has_what_large_mail_services_want_to_see(sender: str, domain: str) -> None:
    with mailbox() as mails:
        settings = Settings(smtp_url=mails.url, mail_from=parsers.sender(sender))
        for _ in range(2):
            mailer.send(settings, mailer.Letter("ann@example.org", "A link", "Here it is.\n"))

    letter, another = (message_from_string(text, policy=policy.default) for text in mails.letters)
    assert abs(letter["Date"].datetime.timestamp() - time.time()) < 60
    assert letter["Message-ID"].endswith(f"@{domain}>") and letter["Message-ID"] != another["Message-ID"]
    assert letter["Auto-Submitted"] == "auto-generated" and letter.get_content().strip() == "Here it is."


@pytest.mark.parametrize(
    ("command", "words", "told"),
    [
        ("RCPT", "550 5.1.1 <ann@example.org>: nobody here", "550 5.1.1 (an address) nobody here"),
        ("MAIL", "530 5.7.0 Sign in first", "530 5.7.0 Sign in first"),
        ("DATA", "451-4.3.0 Later,\r\n451 4.3.0 please", "451 4.3.0 Later, 4.3.0 please"),
    ],
)
def test_the_log_tells_what_a_mail_server_says_but_no_address(command: str, words: str, told: str) -> None:
    with mailbox() as mails, pytest.raises(smtplib.SMTPException) as caught:
        mails.refusals[command] = words
        settings = Settings(smtp_url=mails.url, mail_from="r@example.org")
        mailer.send(settings, mailer.Letter("ann@example.org", "A link", "Here."))

    assert mailer.reason_of(caught.value).endswith(told)
