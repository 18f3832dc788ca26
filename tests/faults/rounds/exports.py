"""Export an answer, or delete its conversation, at the very moment of its end."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress

from tests.faults.browser import WORD, Answer, Sent
from tests.faults.rounds.kinds import WORDS, Round

FORMS = ("json", "md", "txt")
PATIENCE = 240.0


class Export(Round):
    """A user who exports the conversation in other forms during the last words, and sometimes deletes it."""

    asked_early = asked_late = False

    def happen(self) -> None:
        """Export again and again around the end of the answer."""
        if not self.sent:
            return
        page, deadline = self.pages[0], time.monotonic() + PATIENCE
        deletes = self.chance.random() < 0.25
        while page.words_seen() < WORDS - 2 and not page.over.is_set() and time.monotonic() < deadline:
            time.sleep(0.02)
        while not page.over.is_set() and time.monotonic() < deadline:
            if deletes and page.words_seen() >= WORDS:
                self.delete(self.sent)
                return
            self.export(self.sent)
            self.asked_early = True
            time.sleep(self.chance.uniform(0, 0.03))
        self.export(self.sent)
        self.asked_late = True

    def export(self, sent: Sent) -> None:
        """Export the conversation in one of the forms, and check the response."""
        form, shown = self.chance.choice(FORMS), self.pages[0].words_seen()
        with suppress(OSError):
            self.found += judged(form, shown, self.browser.get(f"/conversations/{sent.conversation}.{form}"))

    def delete(self, sent: Sent) -> None:
        """Delete the conversation, and export it at the same time."""
        self.deleted = self.browser.may_miss = True
        asking = threading.Thread(target=self.ask_for_all, args=(sent,))
        asking.start()
        time.sleep(self.chance.uniform(0, 0.05))
        with suppress(OSError):
            self.browser.ask("POST", f"/conversations/{sent.conversation}/deletion", {})
        asking.join()

    def ask_for_all(self, sent: Sent) -> None:
        """Export in each form."""
        for form in FORMS:
            with suppress(OSError):
                self.browser.get(f"/conversations/{sent.conversation}.{form}")

    @property
    def hit(self) -> bool:
        """Tell whether an export came before the end, and one after it."""
        return self.asked_early and (self.asked_late or self.deleted)


def judged(form: str, shown: int, answer: Answer) -> list[str]:
    """Complain about an export with less than the `shown` words, which the page showed before the request."""
    if answer.status != 200:
        return []
    found = []
    if form == "json":
        last = json.loads(answer.body)["messages"][-1]
        if shown and last["state"] == "generating" and not last["text"]:
            found.append(f"a .json says `generating` and holds nothing, where {shown} words were shown")
    held = len(set(WORD.findall(answer.body)))
    return found + [f"a .{form} holds {held} words, where {shown} were shown"] * (held < shown)
