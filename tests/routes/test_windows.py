"""Test windows over HTTP: the end of a conversation, the messages above it, and no unnecessary work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from chat.conversations import Turn
from chat.conversations.paging import WINDOW
from tests.asking import HTMX, begin, ended
from tests.scripted import Scripted, Thought
from tests.turns import grown


@pytest.fixture
def long(app: Flask, client: FlaskClient) -> Turn:
    """A conversation of a hundred messages, owned by the client's user, who is the first."""
    begin(client)
    return grown(app.extensions["rivulet"].database, 1, 100)


def said(page: str) -> list[int]:
    """List which messages of a long conversation a page shows."""
    return [int(number) for number in re.findall(r">Message (\d+)</(?:p|div)>", page)]


def more(page: str) -> list[str]:
    """Return the targets of a page's links to earlier and later messages."""
    return re.findall(r'<a href="/conversations/\d+([?][^"]+)"', page)


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Record the statements on the database in a block."""
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    engine = app.extensions["rivulet"].database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def test_a_page_shows_the_end_and_leads_to_what_stands_above(client: FlaskClient, long: Turn) -> None:
    page = client.get(f"/conversations/{long.conversation_id}").text

    assert said(page) == list(range(61, 101))
    assert more(page) == [f"?before={long.reply_id - 39}"]


def test_an_earlier_page_leads_both_ways_and_goes_on_at_the_end(client: FlaskClient, long: Turn) -> None:
    page = client.get(f"/conversations/{long.conversation_id}?before={long.reply_id - 39}").text

    assert said(page) == list(range(21, 61))
    assert more(page) == [f"?before={long.reply_id - 79}", f"?after={long.reply_id - 40}"]
    assert f'name="parent" value="{long.reply_id}"' in page and 'name="away"' in page


@pytest.mark.parametrize(
    ("query", "shown", "leads"),
    [
        ("before={39}", (21, 60), ["?before={79}"]),
        ("after={69}", (32, 71), ["?after={29}"]),
        ("after={39}", (62, 100), []),
    ],
)
def test_htmx_gets_the_messages_alone_and_the_link_that_goes_on(
    client: FlaskClient, long: Turn, query: str, shown: tuple[int, int], leads: list[str]
) -> None:
    def written(text: str) -> str:
        return re.sub(r"{(\d+)}", lambda found: str(long.reply_id - int(found[1])), text)

    part = client.get(f"/conversations/{long.conversation_id}?{written(query)}", headers=HTMX).text

    assert "<main" not in part and 'id="text"' not in part
    assert said(part) == list(range(shown[0], shown[1] + 1))
    assert more(part) == [written(lead) for lead in leads]


@pytest.mark.parametrize(
    "query", ["before=x", "before=", "after=-1", "at=99999999999999999999", "before=1", "before=99999"]
)
def test_a_window_that_is_none_is_not_found(client: FlaskClient, long: Turn, query: str) -> None:
    assert client.get(f"/conversations/{long.conversation_id}?{query}").status_code == 404


def test_opening_two_thousand_messages_asks_and_sends_what_opening_a_window_of_them_does(
    app: Flask, client: FlaskClient, provider: Scripted
) -> None:
    ended(client, begin(client))  # a guest's first return is recorded
    asked, sent = [], []
    for length in (WINDOW, 2000):
        turn = grown(app.extensions["rivulet"].database, 1, length)
        with statements(app) as noted:
            page = client.get(f"/conversations/{turn.conversation_id}").text
        asked.append(len(noted))
        sent.append(len(page))

    assert asked[1] == asked[0]
    assert sent[1] < sent[0] * 1.1


def test_what_was_sent_from_further_up_opens_the_end(client: FlaskClient, provider: Scripted, long: Turn) -> None:
    address, form = f"/conversations/{long.conversation_id}", {"text": "And?", "parent": str(long.reply_id)}

    opened = client.post(f"{address}/messages", data={**form, "away": "1"}, headers=HTMX)

    assert opened.headers["HX-Push-Url"] == address and 'hx-target="#main"' in opened.text
    assert said(opened.text) == list(range(63, 101))


def test_a_version_is_shown_with_what_stands_around_it(client: FlaskClient, long: Turn) -> None:
    question, reply = long.reply_id - 49, long.reply_id - 50

    assert said(client.post(f"/messages/{reply}/shown", headers=HTMX).text) == list(range(31, 71))
    for message, name in ((question, "message"), (reply, "reply")):
        place = client.post(f"/messages/{message}/shown").headers["Location"]
        assert place == f"/conversations/{long.conversation_id}?at={message}#{name}-{message}"


def test_what_was_thought_is_asked_for_by_itself(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say(Thought("They *greet* <b>me</b>."), "Hi.")
    page = ended(client, begin(client))

    alone = client.get("/replies/2/reasoning", headers=HTMX).text
    whole = client.get("/replies/2/reasoning").text

    assert "greet" not in page and "Thought for" in page
    assert alone.strip() == '<p dir="auto">They <em>greet</em> &lt;b&gt;me&lt;/b&gt;.</p>'
    assert "<h1>Reasoning</h1>" in whole and alone.strip() in whole


def test_where_nothing_was_thought_there_is_nothing_to_read(client: FlaskClient, provider: Scripted) -> None:
    provider.will_say("Hi.")
    page = ended(client, begin(client))

    assert "Thought for" not in page
    assert client.get("/replies/2/reasoning").status_code == 404


def test_without_javascript_a_conversation_begins_at_its_newest_message_and_a_refresh_where_it_was(
    client: FlaskClient,
) -> None:
    address = f"/conversations/{begin(client)}"
    newest = "<noscript><span"

    assert client.get(address, headers={"Referer": "http://localhost/"}).text.count(newest) == 1
    assert newest not in client.get(address, headers={"Referer": f"http://localhost{address}"}).text
    assert newest not in client.get(f"{address}?at=2").text


def test_htmx_gets_the_menu_of_a_conversation_alone_and_anyone_else_a_page(client: FlaskClient) -> None:
    address = f"/conversations/{begin(client)}"
    here = HTMX | {"HX-Current-URL": f"http://localhost{address}?at=1"}

    menu, elsewhere = (client.get(f"{address}/menu", headers=headers).text for headers in (here, HTMX))
    page = client.get(f"{address}/menu").text

    assert "<html" not in menu and "Print all" in menu and "Print all" not in elsewhere
    assert page.startswith("<!doctype html>") and f'action="{address}/deletion"' in page and "Print all" not in page


def test_htmx_gets_what_a_new_title_changes(client: FlaskClient) -> None:
    first, second = begin(client, "First"), begin(client, "Second")
    here = HTMX | {"HX-Current-URL": f"http://localhost/conversations/{second}"}
    gone = HTMX | {"HX-Current-URL": "http://localhost/conversations/999"}

    renamed, other, elsewhere = (
        client.post(f"/conversations/{number}/title", data={"title": "Rivers"}, headers=headers).text
        for number, headers in ((second, here), (first, here), (first, gone))
    )

    assert "Rivers · Rivulet</title>" in renamed and ">Rivers</h1>" in renamed
    assert ">Rivers</h1>" in other and other.count('dir="auto">Rivers<') == 2
    assert "</h1>" not in elsewhere and elsewhere.count('dir="auto">Rivers<') == 2


def test_htmx_gets_a_new_conversation_for_the_deleted_one_that_it_shows(client: FlaskClient) -> None:
    first, second = begin(client, "First"), begin(client, "Second")
    here = HTMX | {"HX-Current-URL": f"http://localhost/conversations/{second}"}

    other = client.post(f"/conversations/{first}/deletion", headers=here)
    shown = client.post(f"/conversations/{second}/deletion", headers=here)

    assert "HX-Replace-Url" not in other.headers and 'id="main"' not in other.text and "Deleted." in other.text
    assert shown.headers["HX-Replace-Url"] == "/" and "conversation--new" in shown.text


def test_a_conversation_is_renamed_and_a_title_of_nothing_refused(client: FlaskClient) -> None:
    conversation = begin(client)
    ended(client, conversation)
    address = f"/conversations/{conversation}"

    renamed = client.post(f"{address}/title", data={"title": " The <river>\n"})
    refused = client.post(f"{address}/title", data={"title": " "})

    assert (renamed.status_code, renamed.headers["Location"]) == (303, address)
    assert refused.status_code == 400 and "Enter a title" in refused.text
    assert "<title>The &lt;river&gt; · Rivulet</title>" in client.get(address).text
