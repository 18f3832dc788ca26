"""Lose the response to a post, and resend it with the same key, mostly with another text."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from html import unescape

from tests.faults.browser import Answer, reset
from tests.faults.model import question
from tests.faults.rounds.kinds import LENGTH, PAUSE, Round

NEWCOMER, TABS, KNOWN, BELOW = "newcomer", "two tabs of a newcomer", "known", "below an answer"
WAYS = (NEWCOMER, TABS, KNOWN, BELOW)
"""The senders. A newcomer; a user with two tabs, who also sends from the other one. A returning user, who sends to a
new or to an existing conversation."""

FORMS = ({"HX_Request": "true"}, {"Accept": "text/html"})
"""How the form is sent: by htmx, whose page keeps a refused text, or by the browser itself."""

SHORT = 5
"""The word count of the answers."""


class Lost(Round):
    """A user who could not read the response to a first post, and sends again, mostly another text."""

    def begin(self) -> None:
        """Visit the app before the round, for some senders."""
        self.way = self.chance.choice(WAYS)
        self.headers = self.chance.choice(FORMS)
        self.first = self.last = self.text(1)
        self.kept = False
        self.answer: Answer | None = None
        if self.way in {KNOWN, BELOW}:
            self.person.send(self.text(0))
        if self.way != BELOW:
            self.person.conversation = None

    def text(self, number: int) -> str:
        """Write one of the questions of this round."""
        return question(f"{self.name}-{number}", SHORT, PAUSE)

    def happen(self) -> None:
        """Send at a random moment, lose the response, and send again with the current text."""
        time.sleep(self.chance.uniform(0, LENGTH))
        path = self.person.address
        key = self.person.key if self.way == BELOW else self.person.new_key()
        other_tab = self.person.new_key() if self.way == TABS else ""
        self.lose(path, key)
        if other_tab:
            self.person.key = other_tab
            self.person.send(self.text(3))
        if self.chance.random() < 0.7:
            self.last = self.text(2)
        else:
            self.browser.known = lambda _: None  # the first post can be stored while the second one is refused
        self.kept = bool(self.known(self.first))
        self.answer = self.person.insist("POST", path, {"text": self.last, "key": key}, **self.headers)

    def lose(self, path: str, key: str) -> None:
        """Send the first text and leave before the response, or ignore the response."""
        with suppress(OSError):
            connection = self.browser.open("POST", path, {"text": self.first, "key": key}, **self.headers)
            if self.chance.random() < 0.5:
                connection.recv(1)
            time.sleep(self.chance.uniform(0, 0.5))
            reset(connection)

    def check(self, spared: bool) -> Iterator[str]:
        """Complain about broken promises, and about a last text that is neither stored nor returned."""
        yield from super().check(spared)
        if self.answer:
            yield from self.misplaced(self.answer)
            yield from self.hidden()

    def misplaced(self, answer: Answer) -> Iterator[str]:
        """Complain if the last text is nowhere, or in two places."""
        refused = 400 <= answer.status < 500
        if refused and "Accept" in self.headers and self.last not in unescape(answer.body):
            yield f"{self.name} ({self.way}): the text was refused by {answer.status} and not given back"
        # The first post, with the same text, can arrive after the second one was refused.
        late = refused and self.last == self.first and not self.kept
        number = self.known(self.last)
        if number != (0 if refused else 1) and not (late and number == 1):
            yield f"{self.name} ({self.way}): answered by {answer.status}, the last text is stored {number} times"

    def hidden(self) -> Iterator[str]:
        """Complain if a visitor can't open a conversation that holds their text."""
        for answered in self.answers():
            # The first post arrived after all later ones.
            late = answered.text == self.first != self.last and not self.kept
            page = self.browser.get(f"/conversations/{answered.conversation}")
            if not late and (page.status != 200 or answered.text not in unescape(page.body)):
                yield f"{self.name} ({self.way}): {answered.text!r} is hidden from who said it, by {page.status}"

    @property
    def hit(self) -> bool:
        """Tell whether the app stored the post whose response was lost."""
        return self.kept
