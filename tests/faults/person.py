"""A person behind a router, who sends again what was refused, as the page's own sentence says."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape

from tests.faults.browser import Answer, Browser, Sent, read, replies_in

AGAIN = 0.2
"""How long a person takes to send again, in seconds."""

PATIENCE = 60.0
LONGEST = 300.0
"""How long a person waits for the next byte of a page that is on its way, in seconds."""

KEY = re.compile(r'name="key" value="([^"]+)"')


@dataclass
class Person:
    """Somebody who keeps at it; `refused` says what came in place of an answer."""

    browser: Browser
    conversation: int | None = None
    key: str = ""
    refused: list[str] = field(default_factory=list)
    patience: float = PATIENCE

    def send(self, text: str) -> Sent:
        """Send a message as the page does, again with the same key where it was refused; gives where its answer is."""
        answer = self.insist("POST", self.address, {"text": text, "key": self.key or self.new_key()}, HX_Request="true")
        if found := re.search(r"HX-(?:Push-Url|Redirect): /conversations/(\d+)", answer.head):
            self.conversation = int(found[1])
        if "HX-Redirect" in answer.head:  # it had been taken before, but the word of it was lost
            answer = self.insist("GET", f"/conversations/{self.conversation}")
        self.key = unescape(KEY.findall(answer.body)[-1])
        return Sent(self.conversation or 0, replies_in(answer.body)[-1])

    @property
    def address(self) -> str:
        """Where the composer sends to."""
        return "/conversations" if self.conversation is None else f"/conversations/{self.conversation}/messages"

    def new_key(self) -> str:
        """Read the key of a new page."""
        return unescape(KEY.findall(self.insist("GET", "/").body)[-1])

    def insist(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Ask until there is a whole answer that is no error of a server's."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            try:
                answer = self.browser.ask(method, path, form, **headers)
                if answer.status < 500 and is_whole(answer):
                    return answer
                self.refused.append(f"{method} {answer.status}")
            except OSError:
                self.refused.append(f"{method} broken")
            time.sleep(AGAIN)
        raise AssertionError(self.refused)

    def stream(self, text: str, accept: str) -> str:
        """Send without JavaScript and give what streams in answer, as far as it comes."""
        received = bytearray()
        self.key = self.key or self.new_key()
        form = {"text": text, "key": self.key}
        with suppress(OSError), self.browser.open("POST", "/conversations", form, Accept=accept) as connection:
            connection.settimeout(LONGEST)
            while more := connection.recv(65_536):
                received += more
        return read(bytes(received)).body


def is_whole(answer: Answer) -> bool:
    """Tell whether all of an answer has come that has a length."""
    length = re.search(r"Content-Length: (\d+)", answer.head)
    return not length or len(answer.body.encode()) >= int(length[1])
