"""Act as a user behind a router, who resends a refused message as the page's sentence asks."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape

from tests.faults.browser import Answer, Browser, Sent, read, replies_in

AGAIN = 0.2
"""How many seconds a user waits before sending again."""

PATIENCE = 60.0
LONGEST = 300.0
"""How many seconds a user waits for the next byte of a page."""

KEY = re.compile(r'name="key" value="([^"]+)"')


@dataclass
class Person:
    """A user who keeps trying; `refused` lists the errors that came instead of an answer."""

    browser: Browser
    conversation: int | None = None
    key: str = ""
    refused: list[str] = field(default_factory=list)
    patience: float = PATIENCE

    def send(self, text: str) -> Sent:
        """Send a message as the page does, and resend it with the same key if it was refused; return where its answer
        is."""
        answer = self.insist("POST", self.address, {"text": text, "key": self.key or self.new_key()}, HX_Request="true")
        if found := re.search(r"HX-(?:Push-Url|Redirect): /conversations/(\d+)", answer.head):
            self.conversation = int(found[1])
        if "HX-Redirect" in answer.head:  # the server stored it earlier, but that response was lost
            answer = self.insist("GET", f"/conversations/{self.conversation}")
        self.key = unescape(KEY.findall(answer.body)[-1])
        return Sent(self.conversation or 0, replies_in(answer.body)[-1])

    @property
    def address(self) -> str:
        """Return the composer's address."""
        return "/conversations" if self.conversation is None else f"/conversations/{self.conversation}/messages"

    def new_key(self) -> str:
        """Read the key of a new page."""
        return unescape(KEY.findall(self.insist("GET", "/").body)[-1])

    def insist(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Ask until a whole answer without a server error arrives."""
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
        """Send without JavaScript and return the streamed answer up to its end or break."""
        received = bytearray()
        self.key = self.key or self.new_key()
        form = {"text": text, "key": self.key}
        with suppress(OSError), self.browser.open("POST", "/conversations", form, Accept=accept) as connection:
            connection.settimeout(LONGEST)
            while more := connection.recv(65_536):
                received += more
        return read(bytes(received)).body


def is_whole(answer: Answer) -> bool:
    """Tell whether an answer with a length has arrived in full."""
    length = re.search(r"Content-Length: (\d+)", answer.head)
    return not length or len(answer.body.encode()) >= int(length[1])
