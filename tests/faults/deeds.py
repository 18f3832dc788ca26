"""What people do that is stored by one transaction: how it is prepared, done, and how often it was done."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Table, func, select, update

from chat import conversations
from chat.accounts import claiming, invites, passwords, people, resets
from chat.conversations import Choice
from chat.limits import Asker
from chat.tables import audit, messages, replies
from chat.tables import conversations as conversation_table
from chat.tables import people as people_table
from tests.faults.browser import Answer, Browser, Sent
from tests.faults.harness import Server, replies_of, until_ended
from tests.faults.model import HEAD, ending, question, words
from tests.scripted import Gate
from tests.serving import KEY
from tests.team import PASSWORD, account, kept

AN_HOUR = 3_600


class Deed:
    """One thing that somebody does by a form; `statements` is what its transaction holds, as no other does."""

    statements: Sequence[str]
    again = frozenset({200, 204, 303})
    """How it may be answered when it is done once more."""

    def __init__(self, server: Server):
        self.server = server
        self.database = server.database
        self.name = f"d-{secrets.token_hex(6)}"
        self.email = f"{self.name}@example.org"
        self.browser: Browser = server.browser()
        self.prepare()

    def prepare(self) -> None:
        """Bring about what it needs."""

    def do(self) -> Answer:
        """Do it, as its form does."""
        raise NotImplementedError

    def times(self) -> int:
        """Tell how often it was done."""
        raise NotImplementedError

    def finish(self) -> None:
        """Let what it began come to its end, and look at it."""

    def count(self, table: Table, *where: ColumnElement[bool]) -> int:
        """Count the rows of a table."""
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()

    def change(self, reply_id: int, **values: object) -> None:
        """Change what is stored of a reply."""
        with self.database.write() as connection:
            connection.execute(update(replies).where(replies.c.id == reply_id).values(**values))

    def asked(self, count: int = 3) -> Sent:
        """Ask for some words, and wait for the end of the answer."""
        sent = self.browser.send(question(self.name, count, 0))
        until_ended(self.database, sent.reply)
        return sent

    def form(self, path: str, **fields: str) -> Answer:
        """Send a form as a browser without JavaScript does."""
        return self.browser.ask("POST", path, fields, Accept="text/html")


class Send(Deed):
    """Sends a first message."""

    statements = ("INSERT INTO messages", "INSERT INTO replies")

    def prepare(self) -> None:
        """Open the page."""
        self.key = self.browser.form_key()

    def do(self) -> Answer:
        """Send, as the same page."""
        return self.browser.post("/conversations", text=question(self.name, 3, 0), key=self.key)

    def times(self) -> int:
        """Count its messages."""
        return self.count(messages, messages.c.text == question(self.name, 3, 0))

    def finish(self) -> None:
        """Wait for the answer, which was asked for once for each worker that took it up."""
        question_id = select(messages.c.id).where(messages.c.text == question(self.name, 3, 0)).scalar_subquery()
        with self.database.read() as connection:
            reply_id = connection.execute(select(messages.c.id).where(messages.c.parent_id == question_id)).scalar_one()
        row = until_ended(self.database, reply_id)
        assert row.state == "complete" and self.server.model.calls[self.name] == 1, (row, self.server.model.calls)


class Stop(Deed):
    """Stops an answer that is written in another process."""

    statements = ("UPDATE replies SET stop=",)

    def prepare(self) -> None:
        """Ask, in a process that isn't there."""
        sent = self.asked()
        choice = Choice("openai", "small")
        owner = select(conversation_table.c.person_id).where(conversation_table.c.id == sent.conversation)
        with self.database.read() as connection:
            asker = Asker(connection.execute(owner).scalar_one())
        self.reply = conversations.ask(self.database, asker, None, question(self.name), choice).reply_id
        self.change(self.reply, lease_until=2**40)

    def do(self) -> Answer:
        """Stop it."""
        return self.browser.post(f"/replies/{self.reply}/stop")

    def times(self) -> int:
        """Look for the word that was left."""
        return self.count(replies, replies.c.id == self.reply, replies.c.stop)

    def finish(self) -> None:
        """Let it be taken up."""
        self.change(self.reply, lease_until=0)
        assert until_ended(self.database, self.reply).state == "stopped"


class Continue(Deed):
    """Continues an answer that broke off."""

    statements = ("UPDATE replies SET", "continued")
    again = frozenset({400, 409})

    def prepare(self) -> None:
        """Have an answer break off."""
        self.reply = self.asked().reply
        self.change(self.reply, state="interrupted")
        gate = Gate()
        self.gate = gate
        self.server.model.will_play(self.name, [HEAD, gate, *words(3, 6), ending()])

    def do(self) -> Answer:
        """Continue."""
        return self.browser.post(f"/replies/{self.reply}/continue")

    def times(self) -> int:
        """Count what was continued."""
        return self.count(replies, replies.c.id == self.reply, replies.c.continued == 1)

    def finish(self) -> None:
        """Wait for its end."""
        self.gate.open()
        row = until_ended(self.database, self.reply)
        assert (row.state, row.continued) == ("complete", 1), row
        assert self.server.model.calls[self.name] == 2, "it is asked for once more, as its worker lives"


class TryAgain(Deed):
    """Asks for another answer."""

    statements = ("INSERT INTO replies",)
    again = frozenset({409})

    def prepare(self) -> None:
        """Have an answer, and let the next one wait."""
        self.sent = self.asked()
        self.gate = Gate()
        self.server.model.will_play(self.name, [HEAD, self.gate, *words(0, 3), ending()])

    def do(self) -> Answer:
        """Ask."""
        return self.browser.post(f"/replies/{self.sent.reply}/retry")

    def times(self) -> int:
        """Count the further answers."""
        return self.count(messages, messages.c.conversation_id == self.sent.conversation) - 2

    def finish(self) -> None:
        """Wait for its end."""
        self.gate.open()
        row = until_ended(self.database, max(replies_of(self.database, self.sent.conversation)))
        assert row.state == "complete" and self.server.model.calls[self.name] == 2, (row, self.server.model.calls)


class Accept(Deed):
    """Accepts an invite."""

    statements = ("UPDATE invites SET uses_left",)

    def prepare(self) -> None:
        """Follow an invite."""
        self.browser.get(f"/invites/{invites.make(self.database, 'a test')}")

    def do(self) -> Answer:
        """Make an account."""
        return self.form("/invites/yours", email=self.email, name="Ann", password=PASSWORD)

    def times(self) -> int:
        """Count the accounts."""
        return self.count(people_table, people_table.c.email == self.email)

    def finish(self) -> None:
        """Be signed in."""
        assert self.browser.get("/account").status == 200


class Claim(Accept):
    """Makes the first admin."""

    statements = ("DELETE FROM options",)

    def prepare(self) -> None:
        """Have no admin, and follow the link."""
        with self.database.write() as connection:
            connection.execute(update(people_table).where(people_table.c.role == people.ADMIN).values(role="member"))
        self.browser.get(f"/claim/{claiming.token(self.database, KEY)}")

    def do(self) -> Answer:
        """Make an admin."""
        return self.form("/claim", email=self.email, password=PASSWORD)

    def times(self) -> int:
        """Count the admins."""
        return self.count(people_table, people_table.c.role == people.ADMIN)


class SignIn(Deed):
    """Signs in."""

    statements = ("INSERT INTO sessions", "INSERT INTO audit")

    def prepare(self) -> None:
        """Have an account."""
        self.person = account(self.database, self.email)

    def do(self) -> Answer:
        """Sign in."""
        return self.form("/sign-in", email=self.email, password=PASSWORD)

    def times(self) -> int:
        """Tell whether it was done: each time begins a session of its own, and that is right."""
        return min(1, self.noted("signed_in"))

    def noted(self, action: str) -> int:
        """Count what the audit log tells of an action."""
        return self.count(audit, audit.c.actor_id == self.person, audit.c.action == action)

    def finish(self) -> None:
        """Be signed in."""
        assert self.browser.get("/account").status == 200


class Reset(SignIn):
    """Sets a new password by a link."""

    statements = ("DELETE FROM resets", "UPDATE people SET password")
    again = frozenset({303, 404})
    new = f"{PASSWORD}, and another one"

    def prepare(self) -> None:
        """Follow a link."""
        super().prepare()
        with self.database.write() as connection:
            token = resets.make(connection, self.person)
        self.browser.get(f"/resets/{token}")

    def do(self) -> Answer:
        """Set it."""
        return self.form("/resets/yours", password=self.new)

    def times(self) -> int:
        """Count."""
        return self.noted("reset_used")

    def finish(self) -> None:
        """Have the new password."""
        person = people.find(self.database, self.person)
        assert person and passwords.matches(person.password, self.new) and person.password != kept()


class Rename(Deed):
    """Gives a conversation another title."""

    statements = ("UPDATE conversations SET title",)

    def prepare(self) -> None:
        """Have a conversation."""
        self.conversation = self.asked().conversation

    def do(self) -> Answer:
        """Rename it."""
        return self.form(f"/conversations/{self.conversation}/title", title="Another title")

    def times(self) -> int:
        """Look at its title."""
        this = conversation_table.c.id == self.conversation
        return self.count(conversation_table, this, conversation_table.c.title == "Another title")


class Delete(Rename):
    """Deletes a conversation."""

    statements = ("DELETE FROM conversations",)
    again = frozenset({303, 404})

    def do(self) -> Answer:
        """Delete it."""
        return self.form(f"/conversations/{self.conversation}/deletion")

    def times(self) -> int:
        """Look whether it is gone."""
        return 1 - self.count(conversation_table, conversation_table.c.id == self.conversation)


DEEDS = [Send, Stop, Continue, TryAgain, Accept, Claim, SignIn, Reset, Rename, Delete]
