"""Test answers in progress for a user who is suspended or removed."""

from __future__ import annotations

import pytest

from chat.people import roles
from chat.replies import Replies
from chat.storage.database import Database
from tests.people.conftest import joined
from tests.replies.writing import finished
from tests.scripted import Gate, Scripted
from tests.turns import asked, eventually, stored, text_stored


@pytest.mark.parametrize("way", [roles.suspend, roles.remove])
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_an_answer_stops_upstream_whichever_process_writes_it(
    database: Database, replies: Replies, other: Replies, provider: Scripted, elsewhere: Scripted, often, way, where
) -> None:
    """ALLM 26-32717: a suspended user's requests went on."""
    bob, gate = joined(database, "bob"), Gate()
    said, writing = (provider, replies) if where == "here" else (elsewhere, other)
    said.will_say("Once", gate, "upon a time")
    turn = asked(database, bob.id)
    writing.start(turn)
    gate.wait_until_reached()
    eventually(lambda: text_stored(database, turn.reply_id) == "Once")

    replies.cancel(way(database, "command line", bob.id))

    assert said.sayings[0].cancelled.wait(20)
    if way is roles.suspend:
        finished(writing, turn)
        assert stored(database, turn.reply_id).state == "stopped"
        assert stored(database, turn.reply_id).text == "Once"
