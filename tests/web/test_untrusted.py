"""Test that every string from outside is text: titles, a provider's error, the name of its model."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from chat.providers.errors import Unavailable
from tests.asking import HTMX, begin, ended, reply_in
from tests.scripted import Scripted

HOSTILE = [
    "<script>PWN=1</script>",
    '"><img src=x onerror=PWN=1>',
    "</title><svg/onload=PWN=1>",
    "</hx-partial><hx-partial hx-target=body hx-get=/x>",
    "line one\r\n\r\nevent: x\r\ndata: <b onclick=PWN=1>",
    "{{ 7*7 }}<!-- the answer --><b onclick=PWN=1>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_question_is_text_in_the_page_the_list_and_the_title(
    client: FlaskClient, provider: Scripted, text: str
) -> None:
    """OW 25-64495: a prompt that is put in as markup."""
    conversation = begin(client, text)
    ended(client, conversation)

    page = client.get(f"/conversations/{conversation}").text
    listed = client.get("/conversations", headers=HTMX).text

    for html in (page, listed):
        assert_inert(html)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_provider_says_is_wrong_is_text_in_the_page_and_in_the_stream(
    client: FlaskClient, provider: Scripted, text: str
) -> None:
    """OW 24-8017: a text from outside in a tooltip."""
    provider.will_say("So ", Unavailable(text))
    conversation = begin(client)
    ended(client, conversation)

    page = client.get(f"/conversations/{conversation}").text
    stream = client.get(f"/replies/{reply_in(client, conversation)}/generation", headers=HTMX).text

    assert_inert(page)
    assert_inert(stream)
    assert "event:" not in [line[:6] for line in stream.splitlines()]


def assert_inert(html: str) -> None:
    """Check that no part of the hostile strings became markup."""
    for tag in ("<script>PWN", "<img src=x", "<svg/onload", "<b onclick", "hx-get=/x>"):
        assert tag not in html
