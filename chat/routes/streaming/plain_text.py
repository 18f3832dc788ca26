"""An answer as plain text, for curl and similar programs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import inf

from flask import Response

from chat.conversations import Turn
from chat.routes.streaming import responses
from chat.routes.streaming.responses import Subscription

BROKEN = "\n\n[Something went wrong on the server. The rest will be at {}.txt]\n"
LEFT = "\n\n[The server is restarting. The rest will be at {}.txt]\n"
SIGNED_OUT = "\n\n[You've been signed out. Sign in to see the rest.]\n"


def as_text(turn: Turn) -> Response:
    subscription = responses.subscribe(turn.conversation_id, turn.reply_id, inf)
    return responses.send(subscription, text_of(subscription), "text/plain", BROKEN.format(subscription.address))


def text_of(subscription: Subscription) -> Iterator[str]:
    """Yield the text of a reply; if it isn't whole, say why at the end."""
    yield ""  # sends the headers
    sent, beat = 0, time.monotonic() + responses.HEARTBEAT
    while (text := subscription.follower.next(max(0, beat - time.monotonic()))) is not None:
        sent += len(text)
        if text or time.monotonic() >= beat:
            yield text or ("" if sent else "\n")
            beat = time.monotonic() + responses.HEARTBEAT
    if subscription.follower.detached:
        yield SIGNED_OUT if subscription.follower.dismissed else LEFT.format(subscription.address)
    else:
        yield subscription.render_end("messages/_ended.txt", sent)
