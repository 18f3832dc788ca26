"""Test the backlog: unsaved pieces keep their order, and pieces that may be stored keep their numbers."""

from __future__ import annotations

from chat.replies.backlog import Backlog
from chat.replies.live import OwnedReply
from chat.replies.log import Ending, Thought

END = Ending("complete", "So it goes", "", 1)


def holds_all(_: OwnedReply) -> bool:
    return True


def test_what_was_said_since_the_last_look_is_one_piece() -> None:
    backlog, running = Backlog(), OwnedReply(1, "me", ["So "])
    for said in ("it ", "goes", END):
        backlog.put(running, said)

    [item] = backlog.take(holds_all).values()

    assert (item.reply_id, item.owner, item.seq, item.pieces, item.ending) == (1, "me", 1, ["it goes"], END)
    assert backlog.take(holds_all) == {}


def test_thoughts_are_a_piece_of_their_own() -> None:
    backlog, running = Backlog(), OwnedReply(1, "me", ["So "], thoughts=["Hm. "])
    for said in (Thought("Let me "), "it ", Thought("see."), "goes"):
        backlog.put(running, said)

    [item] = backlog.take(holds_all).values()

    assert (item.seq, item.pieces, item.heard, item.thoughts) == (1, ["it goes"], 1, ["Let me see."])


def test_what_may_be_stored_comes_again_as_it_was_and_before_the_rest() -> None:
    backlog, running = Backlog(), OwnedReply(1, "me")
    backlog.put(running, "So ")
    backlog.unsettled |= backlog.take(holds_all)
    backlog.put(running, "it ")
    backlog.unsettled |= backlog.take(holds_all)
    backlog.put(running, "goes")
    backlog.put(running, END)

    [item] = backlog.take(holds_all).values()

    assert (item.seq, item.pieces, item.ending) == (0, ["So ", "it ", "goes"], END)
    assert not backlog.unsettled


def test_what_another_writer_goes_on_with_is_dropped() -> None:
    backlog, ours, lost = Backlog(), OwnedReply(1, "me"), OwnedReply(2, "me")
    for running in (ours, lost):
        backlog.put(running, "So ")
    backlog.unsettled |= backlog.take(holds_all)

    assert set(backlog.take(lambda running: running is ours)) == {ours}
