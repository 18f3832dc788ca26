"""Posts whose answer is lost, and whose text may change before it is sent again with the same key."""

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
"""Who sends: a newcomer; one with two tabs, who sends from the other one meanwhile; somebody who has been here before,
in a new conversation or in one that there is."""

FORMS = ({"HX_Request": "true"}, {"Accept": "text/html"})
"""How a form is sent: by htmx, whose page keeps the text of a form that was refused, or by the browser itself."""

SHORT = 5
"""How many words the answers have."""


class Lost(Round):
    """A person whose first post got no answer that they could read; they send it again, mostly another text."""

    def begin(self) -> None:
        """Have been here before, in some ways."""
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
        """Send at a random moment, lose the answer, and send again what one has written by then."""
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
            self.browser.known = lambda _: None  # the first post may be stored while the second one is refused
        self.kept = bool(self.known(self.first))
        self.answer = self.person.insist("POST", path, {"text": self.last, "key": key}, **self.headers)

    def lose(self, path: str, key: str) -> None:
        """Send the first text and leave before the answer, or without having kept anything of it."""
        with suppress(OSError):
            connection = self.browser.open("POST", path, {"text": self.first, "key": key}, **self.headers)
            if self.chance.random() < 0.5:
                connection.recv(1)
            time.sleep(self.chance.uniform(0, 0.5))
            reset(connection)

    def check(self, spared: bool) -> Iterator[str]:
        """Complain of broken promises, and where the last text is neither stored nor given back."""
        yield from super().check(spared)
        if self.answer:
            yield from self.misplaced(self.answer)
            yield from self.hidden()

    def misplaced(self, answer: Answer) -> Iterator[str]:
        """Complain where the text that was sent last is nowhere, or in two places."""
        refused = 400 <= answer.status < 500
        if refused and "Accept" in self.headers and self.last not in unescape(answer.body):
            yield f"{self.name} ({self.way}): the text was refused by {answer.status} and not given back"
        wanted = 0 if refused else 1
        if (number := self.known(self.last)) != wanted:
            yield f"{self.name} ({self.way}): answered by {answer.status}, the last text is stored {number} times"

    def hidden(self) -> Iterator[str]:
        """Complain where a visitor can't open what they have said."""
        for answered in self.answers():
            late = answered.text == self.first != self.last and not self.kept  # it came after all that follows it
            page = self.browser.get(f"/conversations/{answered.conversation}")
            if not late and (page.status != 200 or answered.text not in unescape(page.body)):
                yield f"{self.name} ({self.way}): {answered.text!r} is hidden from who said it, by {page.status}"

    @property
    def hit(self) -> bool:
        """Tell whether the post whose answer was lost had been taken."""
        return self.kept
