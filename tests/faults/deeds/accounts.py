"""User actions on accounts."""

from __future__ import annotations

from sqlalchemy import update

from chat.people import accounts, first_admin, invites, password_resets, passwords
from chat.storage.tables import audit
from chat.storage.tables import people as people_table
from tests.faults.browser import Answer
from tests.faults.deeds.deed import Deed
from tests.serving import KEY
from tests.team import PASSWORD, account, kept


class Accept(Deed):
    """Accept an invite."""

    statements = ("UPDATE invites SET uses_left",)

    def prepare(self) -> None:
        """Follow an invite."""
        self.browser.get(f"/invites/{invites.create(self.database, 'a test')}")

    def do(self) -> Answer:
        """Create an account."""
        return self.form("/invites/yours", email=self.email, name="Ann", password=PASSWORD)

    def times(self) -> int:
        return self.count(people_table, people_table.c.email == self.email)

    def finish(self) -> None:
        """Check that the user is signed in."""
        assert self.browser.get("/account").status == 200


class Claim(Accept):
    """Create the first admin."""

    statements = ("DELETE FROM options",)
    again = frozenset({303, 404})  # a visitor who has read the first answer no longer has a link

    def prepare(self) -> None:
        """Remove the admin, and follow the link."""
        with self.database.write() as connection:
            connection.execute(update(people_table).where(people_table.c.role == accounts.ADMIN).values(role="member"))
        self.browser.get(f"/claim/{first_admin.token(self.database, KEY)}")

    def do(self) -> Answer:
        """Create an admin."""
        return self.form("/claim", email=self.email, password=PASSWORD)

    def times(self) -> int:
        return self.count(people_table, people_table.c.role == accounts.ADMIN)


class SignIn(Deed):
    """Sign in."""

    statements = ("INSERT INTO sessions", "INSERT INTO audit")

    def prepare(self) -> None:
        """Create an account."""
        self.person = account(self.database, self.email)

    def do(self) -> Answer:
        return self.form("/sign-in", email=self.email, password=PASSWORD)

    def times(self) -> int:
        """Tell whether the sign-in happened: each repetition rightly begins a new session."""
        return min(1, self.noted("signed_in"))

    def noted(self, action: str) -> int:
        """Count an action's entries in the audit log."""
        return self.count(audit, audit.c.actor_id == self.person, audit.c.action == action)

    def finish(self) -> None:
        """Check that the user is signed in."""
        assert self.browser.get("/account").status == 200


class Reset(SignIn):
    """Set a new password through a link."""

    statements = ("DELETE FROM resets", "UPDATE people SET password")
    again = frozenset({303, 404})
    new = f"{PASSWORD}, and another one"

    def prepare(self) -> None:
        super().prepare()
        with self.database.write() as connection:
            token = password_resets.create(connection, self.person)
        self.browser.get(f"/resets/{token}")

    def do(self) -> Answer:
        return self.form("/resets/yours", password=self.new)

    def times(self) -> int:
        return self.noted("reset_used")

    def finish(self) -> None:
        """Check that the new password works."""
        person = accounts.find(self.database, self.person)
        assert person and passwords.matches(person.password, self.new) and person.password != kept()
