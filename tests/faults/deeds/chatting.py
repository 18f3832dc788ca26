"""User actions in conversations."""

from __future__ import annotations

from sqlalchemy import select

from chat import conversations
from chat.conversations import Choice, Draft
from chat.people.rate_limits import Asker
from chat.storage.tables import conversations as conversation_table
from chat.storage.tables import messages, replies
from tests.faults.browser import Answer
from tests.faults.deeds.deed import Deed
from tests.faults.harness import replies_of, until_ended
from tests.faults.model import HEAD, ending, question, words
from tests.scripted import Gate


class Send(Deed):
    """Send a first message."""

    statements = ("INSERT INTO messages", "INSERT INTO replies")

    def prepare(self) -> None:
        self.key = self.browser.form_key()

    def do(self) -> Answer:
        """Send from the same page again."""
        return self.browser.post("/conversations", text=question(self.name, 3, 0), key=self.key)

    def times(self) -> int:
        """Count the stored messages with its text."""
        return self.count(messages, messages.c.text == question(self.name, 3, 0))

    def finish(self) -> None:
        """Wait for the answer; each worker that adopted it asked the model once."""
        question_id = select(messages.c.id).where(messages.c.text == question(self.name, 3, 0)).scalar_subquery()
        with self.database.read() as connection:
            reply_id = connection.execute(select(messages.c.id).where(messages.c.parent_id == question_id)).scalar_one()
        row = until_ended(self.database, reply_id)
        assert row.state == "complete" and self.server.model.calls[self.name] == 1, (row, self.server.model.calls)


class Stop(Deed):
    """Stop an answer that another process writes."""

    statements = ("UPDATE replies SET stop=",)

    def prepare(self) -> None:
        """Store a question whose reply belongs to a process that doesn't exist."""
        sent = self.asked()
        choice = Choice("openai", "small")
        owner = select(conversation_table.c.person_id).where(conversation_table.c.id == sent.conversation)
        with self.database.read() as connection:
            asker = Asker(connection.execute(owner).scalar_one())
        self.reply = conversations.ask(self.database, asker, None, Draft(question(self.name), choice)).reply_id
        self.change(self.reply, lease_until=2**40)

    def do(self) -> Answer:
        return self.browser.post(f"/replies/{self.reply}/stop")

    def times(self) -> int:
        """Look for the stop mark."""
        return self.count(replies, replies.c.id == self.reply, replies.c.stop)

    def finish(self) -> None:
        """Let a worker adopt the reply."""
        self.change(self.reply, lease_until=0)
        assert until_ended(self.database, self.reply).state == "stopped"


class Continue(Deed):
    """Continue an answer that broke off."""

    statements = ("UPDATE replies SET", "continued")
    again = frozenset({400, 409})

    def prepare(self) -> None:
        """Create an answer that broke off."""
        self.reply = self.asked().reply
        self.change(self.reply, state="interrupted")
        gate = Gate()
        self.gate = gate
        self.server.model.will_play(self.name, [HEAD, gate, *words(3, 6), ending()])

    def do(self) -> Answer:
        return self.browser.post(f"/replies/{self.reply}/continue")

    def times(self) -> int:
        """Count the continuations."""
        return self.count(replies, replies.c.id == self.reply, replies.c.continued == 1)

    def finish(self) -> None:
        """Wait for its end."""
        self.gate.open()
        row = until_ended(self.database, self.reply)
        assert (row.state, row.continued) == ("complete", 1), row
        assert self.server.model.calls[self.name] == 2, "it is asked for once more, as its worker lives"


class TryAgain(Deed):
    """Ask for another answer."""

    statements = ("INSERT INTO replies",)
    again = frozenset({409})

    def prepare(self) -> None:
        """Create an answer, and hold the next one back."""
        self.sent = self.asked()
        self.gate = Gate()
        self.server.model.will_play(self.name, [HEAD, self.gate, *words(0, 3), ending()])

    def do(self) -> Answer:
        return self.browser.post(f"/replies/{self.sent.reply}/retry")

    def times(self) -> int:
        """Count the additional answers."""
        return self.count(messages, messages.c.conversation_id == self.sent.conversation) - 2

    def finish(self) -> None:
        """Wait for its end."""
        self.gate.open()
        row = until_ended(self.database, max(replies_of(self.database, self.sent.conversation)))
        assert row.state == "complete" and self.server.model.calls[self.name] == 2, (row, self.server.model.calls)


class Rename(Deed):
    """Rename a conversation."""

    statements = ("UPDATE conversations SET title",)

    def prepare(self) -> None:
        """Create a conversation."""
        self.conversation = self.asked().conversation

    def do(self) -> Answer:
        return self.form(f"/conversations/{self.conversation}/title", title="Another title")

    def times(self) -> int:
        """Compare its title."""
        this = conversation_table.c.id == self.conversation
        return self.count(conversation_table, this, conversation_table.c.title == "Another title")


class Delete(Rename):
    """Delete a conversation."""

    statements = ("DELETE FROM conversations",)
    again = frozenset({303, 404})

    def do(self) -> Answer:
        return self.form(f"/conversations/{self.conversation}/deletion")

    def times(self) -> int:
        """Tell whether it is gone."""
        return 1 - self.count(conversation_table, conversation_table.c.id == self.conversation)
