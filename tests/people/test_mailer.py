"""Test mails: their content, and the log line of a failure."""

from __future__ import annotations

import smtplib
import subprocess
import sys
import time
from email import message_from_string, policy

import pytest

from chat.config import Settings, parsers
from chat.people import mailer
from tests.mailbox import mailbox
from tests.scripted import PATIENCE
from tests.serving import ROOT


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


def test_a_letter_that_cannot_be_written_stops_no_other_letter() -> None:
    letters = [mailer.Letter(to, "A link", "Here.\n") for to in ("=?utf-8?q?=0A?=@example.org", "ann@example.org")]
    with mailbox() as mails:
        errors = mailer.send_all(Settings(smtp_url=mails.url, mail_from="r@example.org"), letters, 5.0)

    assert list(errors) == [letters[0].to] and len(mails.letters) == 1


def test_a_password_that_smtp_cannot_send_is_an_error_of_each_letter() -> None:
    with mailbox() as mails:
        mails.refusals["EHLO"] = "250-here\r\n250 AUTH PLAIN LOGIN"
        url = mails.url.replace("//", "//ann:p%C3%A4ss@")
        letter = mailer.Letter("ann@example.org", "A link", "Here.\n")
        errors = mailer.send_all(Settings(smtp_url=url, mail_from="r@example.org"), [letter], 5.0)

    assert [mailer.reason_of(error) for error in errors.values()] == ["UnicodeEncodeError"]


def test_under_gevent_a_server_that_takes_its_time_for_each_reply_takes_no_longer_in_all() -> None:
    code = (
        "from gevent import monkey; monkey.patch_all(); import socket, threading, time;"
        "from chat.config import Settings; from chat.people import mailer;"
        "door = socket.create_server(('127.0.0.1', 0))\n"
        "def drip():\n"
        "    server = door.accept()[0]\n"
        "    while not time.sleep(0.1): server.sendall(b'2')\n"
        "threading.Thread(target=drip, daemon=True).start(); began = time.monotonic();"
        "settings = Settings(smtp_url=f'smtp://127.0.0.1:{door.getsockname()[1]}', mail_from='r@example.org');"
        "letters = [mailer.Letter(f'{name}@example.org', '', '') for name in 'ab'];"
        "errors = mailer.send_all(settings, letters, 0.5); assert time.monotonic() - began < 5; print(*errors)"
    )

    told = subprocess.run([sys.executable, "-c", code], text=True, cwd=ROOT, timeout=PATIENCE, capture_output=True)

    assert told.stdout.split() == ["a@example.org", "b@example.org"], told.stderr
