"""Act on replies from another process, and wait for their end."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select, update

from chat.conversations import Turn
from chat.replies import Follower, Replies
from chat.replies import log as reply_log
from chat.replies.log import ReplyUpdate
from chat.storage.database import Database, clock
from chat.storage.leases import Adoption
from chat.storage.tables import pieces, replies
from tests.turns import asked, eventually


def change(database: Database, reply_id: int, **values: object) -> None:
    """Change a reply's row, as another process would."""
    with database.write() as connection:
        connection.execute(update(replies).where(replies.c.id == reply_id).values(values))


def expire(database: Database, reply_id: int) -> None:
    """Let the lease of a reply expire."""
    change(database, reply_id, lease_until=clock() - 1)


def think(database: Database, turn: Turn, heard: int, *thoughts: str) -> None:
    """Store reasoning as the owner of a reply does."""
    with database.write() as connection:
        update = ReplyUpdate(turn.reply_id, turn.owner or "", 0, [], heard=heard, thoughts=list(thoughts))
        assert reply_log.store(connection, [update])


def say(database: Database, turn: Turn, seq: int, *said: str) -> None:
    """Store pieces as the owner of a reply does."""
    with database.write() as connection:
        assert reply_log.store(connection, [ReplyUpdate(turn.reply_id, turn.owner or "", seq, list(said))])


def resume(replies: Replies, turn: Turn) -> None:
    """Let a process go on with a reply that has some stored text."""
    replies.resume(Adoption(turn.reply_id, 0, False), turn.owner or "")


def abandoned(database: Database, person: int, *said: str, thoughts: Sequence[str] = (), **values: object) -> Turn:
    """Ask for an answer whose worker died after it had stored some pieces."""
    turn = asked(database, person)
    numbered = [*enumerate(said), *((-1 - number, thought) for number, thought in enumerate(thoughts))]
    with database.write() as connection:
        rows = [{"reply_id": turn.reply_id, "seq": seq, "text": text} for seq, text in numbered]
        if rows:
            connection.execute(insert(pieces), rows)
    change(database, turn.reply_id, **{"lease_until": clock() - 1, **values})
    return turn


def lease_left(database: Database, reply_id: int) -> int:
    """Return how many seconds are left of a reply's lease."""
    with database.read() as connection:
        return connection.execute(select(replies.c.lease_until - clock()).where(replies.c.id == reply_id)).scalar_one()


def numbered_pieces(database: Database, reply_id: int) -> list[tuple[int, str]]:
    """Read a reply's log, with its numbers."""
    rows = select(pieces.c.seq, pieces.c.text).where(pieces.c.reply_id == reply_id).order_by(pieces.c.seq)
    with database.read() as connection:
        return [(row.seq, row.text) for row in connection.execute(rows)]


def finished(replies: Replies, turn: Turn) -> None:
    """Wait until a process has finished with a reply."""
    eventually(lambda: replies.writer.find(turn.reply_id) is None)


def followed(follower: Follower, until: str | None = None) -> str:
    """Follow a reply to its end, or until a number of pieces."""
    said = ""
    while said != until and (text := follower.next(20)) is not None:
        said += text
    return said
