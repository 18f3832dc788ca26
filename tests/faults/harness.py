"""Start servers that tests can hurt, and compare the stored text with the shown text."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Row, select

from chat.storage.database import Database, clock
from chat.storage.tables import messages, pieces, queued, replies
from tests.faults.browser import Browser, Watching
from tests.faults.model import QUESTION, Model
from tests.serving import Gunicorn
from tests.turns import eventually

PATIENCE = 60.0
OWNERLESS = 10
"""How many seconds a reply may lack a live lease."""

ENDS = {"complete", "stopped", "interrupted", "failed"}


class Server(Gunicorn):
    """The app as it is deployed, with ways to hurt it.

    `direct` is the database's own address, if the environment's address leads through a wire.
    """

    def __init__(self, folder: Path, model: Model, direct: str = "", **environ: str):
        folder.mkdir(exist_ok=True)
        super().__init__(folder, model, **environ)  # type: ignore[arg-type]
        url = direct or environ.get("DATABASE_URL") or f"sqlite:///{folder / 'instance' / 'rivulet.db'}"
        self.model = model
        self.database = Database(url)

    def browser(self) -> Browser:
        """Return a new visitor."""
        return Browser(self.port)

    def workers(self) -> list[int]:
        """List the worker processes."""
        listed = subprocess.run(["ps", "-Ao", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        pairs = (line.split() for line in listed.splitlines())
        return [int(child) for child, parent in pairs if int(parent) == self.process.pid]

    def owner(self, name: str) -> int:
        """Find the worker that asked the model a question (on Linux; on other systems the first worker)."""
        return self.owners().get(self.model.askers[name]) or self.workers()[0]

    def owners(self) -> dict[int, int]:
        """Find each worker's port to the model (on Linux; on other systems none)."""
        table = Path("/proc/net/tcp")
        lines = [line.split() for line in table.read_text().splitlines()[1:]] if table.exists() else []
        ports = {f"socket:[{line[9]}]": int(line[1].partition(":")[2], 16) for line in lines}
        held = ((worker, link(path)) for worker in self.workers() for path in open_files(worker))
        return {ports[file]: worker for worker, file in held if file in ports}

    def send_signal(self, how: signal.Signals, worker: int | None = None) -> None:
        """Send a signal to a worker, or to the master."""
        os.kill(worker or self.process.pid, how)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it as a deploy does; return the exit code."""
        self.send_signal(how)
        return self.process.wait(PATIENCE)


class Hurried(Server):
    """The app with the times of its streams and bodies divided by HASTE."""

    module = "tests.faults.hurried"


def open_files(worker: int) -> list[Path]:
    """List the open files of a worker, which may have exited."""
    with suppress(OSError):
        return list(Path(f"/proc/{worker}/fd").iterdir())
    return []


def link(path: Path) -> str:
    """Read the target of an open file, which can close meanwhile."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


@contextmanager
def served(folder: Path, model: Model, kind: type[Server] = Server, /, **environ: str) -> Iterator[Server]:
    """Serve the app while a block runs."""
    server = kind(folder, model, **environ)
    server.start()
    try:
        yield server
    finally:
        server.kill()
        server.database.dispose()


def reply(database: Database, reply_id: int) -> Row | None:
    """Read a reply's row; None if it was deleted."""
    with database.read() as connection:
        return connection.execute(select(replies).where(replies.c.id == reply_id)).first()


def text_of(database: Database, reply_id: int) -> str:
    """Read a reply's stored text, from its message and its pieces."""
    said = select(pieces.c.text).where(pieces.c.reply_id == reply_id, pieces.c.seq >= 0).order_by(pieces.c.seq)
    with database.read() as connection:
        message = connection.execute(select(messages.c.text).where(messages.c.id == reply_id)).scalar()
        return (message or "") + "".join(connection.execute(said).scalars())


def words_stored(database: Database, reply_id: int) -> list[int]:
    """List the numbers of a reply's stored words."""
    return [int(word) for word in re.findall(r"w(\d+)", text_of(database, reply_id))]


class Leases:
    """Notes since when replies have lacked a live lease; a released reply lacks one at once.

    No process can renew a lease before `writable_since`, on the monotonic clock.
    """

    def __init__(self, database: Database, writable_since: Callable[[], float] = float):
        self.database = database
        self.writable_since = writable_since
        self.since: dict[int, float] = {}

    def look(self) -> list[int]:
        """Look at the leases; return the replies that have lacked one for too long."""
        dead = (replies.c.state == "generating") & (replies.c.lease_until < clock())
        with self.database.read() as connection:
            found = list(connection.execute(select(replies.c.id).where(dead)).scalars())
        now = time.monotonic()
        self.since = {number: max(self.since.get(number, now), self.writable_since()) for number in found}
        return [number for number, since in self.since.items() if now - since > OWNERLESS]


def until_ended(database: Database, reply_id: int) -> Row:
    """Wait for a reply's end, watched or not; fail if it lacks a live lease for too long."""
    deadline, leases = time.monotonic() + PATIENCE, Leases(database)
    while (row := reply(database, reply_id)) and row.state == "generating":
        assert reply_id not in leases.look() and time.monotonic() < deadline, row
        time.sleep(0.05)
    assert row
    return row


def until(holds: Callable[[], object]) -> None:
    """Wait until a condition holds; servers under faults need patience."""
    eventually(holds, PATIENCE, pause=0.02)


def replies_of(database: Database, conversation_id: int) -> list[int]:
    """List the replies of a conversation."""
    ours = select(replies.c.id).join(messages, messages.c.id == replies.c.id)
    with database.read() as connection:
        return list(connection.execute(ours.where(messages.c.conversation_id == conversation_id)).scalars())


@dataclass(frozen=True)
class Answered:
    """A stored question and its reply."""

    question: int
    conversation: int
    text: str
    reply: int

    @property
    def name(self) -> str:
        """The name under which the model counts its calls."""
        return QUESTION.findall(self.text)[0][0]

    @property
    def words(self) -> int:
        """The number of words in its answer."""
        return int(QUESTION.findall(self.text)[0][1])


def waiting(database: Database) -> list[str]:
    """List the messages that wait for the end of an answer."""
    with database.read() as connection:
        return list(connection.execute(select(queued.c.text)).scalars())


def answers_to(database: Database, name: str) -> list[Answered]:
    """List the questions whose name begins with a prefix, once for each of their replies."""
    answer = messages.alias()
    asked = select(messages.c.id, messages.c.conversation_id, messages.c.text, answer.c.id)
    asked = asked.join(answer, answer.c.parent_id == messages.c.id).order_by(answer.c.id)
    with database.read() as connection:
        return [Answered(*row) for row in connection.execute(asked.where(messages.c.text.startswith(f"@{name}")))]


def violations(
    server: Server, name: str, reply_ids: Sequence[int], watched: Sequence[Watching], paid: int = 0
) -> list[str]:
    """List the broken promises about the replies to a question; `watched` holds all pages that showed them.

    A reply costs one call, and one more for each adoption; `paid` counts the additional calls that a user asked for.
    """
    rows = {reply_id: row for reply_id in reply_ids if (row := reply(server.database, reply_id))}
    found = [f"reply {number} is {row.state}" for number, row in rows.items() if row.state not in ENDS]
    paid += len(reply_ids) + sum(row.attempts for row in rows.values())
    if len(rows) == len(reply_ids) and server.model.calls[name] > paid:
        found.append(f"{name}: {server.model.calls[name]} calls where {paid} are right")
    for number in rows:
        found += misstored(server.database, number, [page for page in watched if page.reply_id == number])
    return found + [complaint for page in watched for complaint in page.complaints()]


def misstored(database: Database, reply_id: int, watched: Sequence[Watching]) -> list[str]:
    """Complain about a reply whose stored words have a gap or a duplicate, or are fewer than a page showed."""
    stored = words_stored(database, reply_id)
    found = [] if stored == list(range(len(stored))) else [f"reply {reply_id} holds {stored}"]
    shown = max((page.words_seen() for page in watched), default=0)
    if shown > len(stored):
        found.append(f"reply {reply_id} showed {shown} words and holds {len(stored)}")
    return found
