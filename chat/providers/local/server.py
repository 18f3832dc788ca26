"""Serve the demo model on loopback: the child process of chat/providers/local, run as a script.

    python -P server.py LOCK WEIGHTS DIGEST

It holds LOCK (flock) while it lives, writes its port and API key there once it is ready, and ends when its stdin
closes. DIGEST is the SHA-256 of WEIGHTS as wheels record it: base64url without padding. It speaks the OpenAI protocol
on 127.0.0.1 only, requires the API key, and writes no log.
"""

from __future__ import annotations

import base64
import ctypes
import fcntl
import hashlib
import os
import secrets
import signal
import sys
import time
from typing import Any

CONTEXT = 4096
"""The context window of each answer, in tokens."""

SLOTS = 2
"""How many answers run at once; more are queued."""

BATCH = 64
"""Tokens of a prompt read at a time: half a second on a slow core, while the other slot and a cancel wait."""

TAKEN, DAMAGED = 3, 4
"""Exit codes: another child holds the lock; the weights are damaged."""


def main(lock: str, weights: str, digest: str) -> int:
    """Serve until stdin closes; return the exit code."""
    ignore_stop_signals()
    held = lock_file(lock)
    if held is None:
        return TAKEN
    if digest_of(weights) != digest:
        return DAMAGED
    key = secrets.token_urlsafe(24)
    server = serve(weights, key)
    os.write(held, f"{server.listening_address.rpartition(':')[2]} {key}\n".encode())
    sys.stdin.buffer.read()
    return 0


def ignore_stop_signals() -> None:
    """Ignore stop signals: the parent first finishes open answers. The kernel kills us when the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def lock_file(lock: str, patience: float = 1) -> int | None:
    """Lock and empty the file; return None if another child holds it. Readers hold it briefly, so retry."""
    file = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            os.fchmod(file, 0o600)
            os.ftruncate(file, 0)
            return file
    return None


def digest_of(weights: str) -> str:
    with open(weights, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def serve(weights: str, key: str) -> Any:
    """Load the model and listen on a free loopback port; the server runs while the returned object lives."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    choose_memory(parameters, xllamacpp)
    choose_threads(parameters)
    parameters.model.path = weights
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.ui = False
    parameters.offline = True
    parameters.verbosity = 0
    return xllamacpp.Server(parameters)


def choose_memory(parameters: Any, xllamacpp: Any) -> None:
    """Set up a whole context for each slot at 8 bits (250 MB in all; 16 bits take 335), and cache no prompts."""
    parameters.n_parallel = SLOTS
    parameters.n_ctx = SLOTS * CONTEXT
    parameters.kv_unified = False
    parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0
    parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
    parameters.cache_ram_mib = 0
    parameters.n_batch = parameters.n_ubatch = BATCH
    parameters.warmup = False


def choose_threads(parameters: Any) -> None:
    """Leave one core free: spinning threads on busy cores made it ten times slower; more than four gain little."""
    threads = max(1, min(4, (os.cpu_count() or 1) - 1))
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads


if __name__ == "__main__":
    # sys.exit would wait for the server's threads, in the middle of an answer.
    os._exit(main(*sys.argv[1:]))
