"""Test people: an e-mail address is the same in any spelling."""

from __future__ import annotations

import pytest

from chat.people import accounts
from chat.people.accounts import BadEmail


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ann@Example.ORG", "ann@example.org"),
        ("  ann@example.org\n", "ann@example.org"),
        ("rene\u0301@example.org", "ren\u00e9@example.org"),
        ("RENE\u0301@example.org", "ren\u00e9@example.org"),
        ("\uff41nn@example.org", "ann@example.org"),
        ("ann@B\u00dcCHER.example", "ann@xn--bcher-kva.example"),
        ("ann@bu\u0308cher.example", "ann@xn--bcher-kva.example"),
        ("ann@\u4f8b\u5b50.example", "ann@xn--fsqu00a.example"),
        ("\u0130lkay@example.org", "i\u0307lkay@example.org"),
    ],
)
def test_an_address_has_one_form(typed: str, kept: str) -> None:
    assert accounts.normalize_email(typed) == accounts.normalize_email(kept) == kept


@pytest.mark.parametrize("first", range(0, 0x3000, 0x400))
def test_the_form_of_a_form_is_itself(first: int) -> None:
    forms = [accounts.normalize_email(f"{chr(point)}n@example.org") for point in range(first, first + 0x400)]

    assert [accounts.normalize_email(form) for form in forms] == forms


@pytest.mark.parametrize("domain", ["b\u00fccher..example", "\u2603-.example", "\u00fc" * 80 + ".example"])
def test_what_is_no_domain_stays_as_it_is(domain: str) -> None:
    assert accounts.normalize_email(f"ann@{domain}") == f"ann@{domain}"


@pytest.mark.parametrize(
    "email", ["ann@b@example.org", "ann\uff20b@example.org", "ann@", "@example.org", "a nn@example.org"]
)
def test_what_could_be_two_addresses_is_none(email: str) -> None:
    with pytest.raises(BadEmail):
        accounts.require_email(email)


@pytest.mark.parametrize(
    "name", ["mailto:ann", "=?utf-8?q?bob=40example=2Eorg?=", "(ann)", '"ann', "<ann", "a;b", "a\\b", "a,b"]
)
def test_what_a_mail_would_send_elsewhere_or_could_not_name_is_no_email(name: str) -> None:
    with pytest.raises(BadEmail):
        accounts.require_email(f"{name}@example.org")


@pytest.mark.parametrize("host", ["example.org>", "[.org", "example..org", ".example.org", "example.org.", "example"])
def test_a_host_that_no_mail_server_has_is_none(host: str) -> None:
    with pytest.raises(BadEmail):
        accounts.require_email(f"ann@{host}")


@pytest.mark.parametrize(
    "email", ["o'neil+x@example.org", "a..b@example.org", "ж/у@example.org", "a&b_c%d@x-y.example"]
)
def test_unusual_emails_are_taken(email: str) -> None:
    assert accounts.require_email(email) == email
