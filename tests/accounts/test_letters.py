"""Letters: who asks for one hears nothing of whether it is written."""

from __future__ import annotations

import subprocess
import sys

from tests.serving import ROOT


def test_under_gevent_nothing_is_done_for_a_letter_while_its_asker_waits() -> None:
    """ALLM 26-21484: the connection ended later for who has an account."""
    code = (
        "from gevent import monkey; monkey.patch_all(); from chat.accounts import letters; done = [];"
        "letters.send_reset = lambda *_: done.append(1); letters.send_reset_later(None, {}, 'ann@example.org');"
        "before = len(done); import time; time.sleep(letters.LATEST + 1); print(before, len(done))"
    )

    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT).split() == ["0", "1"]
