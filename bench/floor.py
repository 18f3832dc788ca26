"""Serve the floor: the least work that relaying an answer takes in our stack.

A form comes in, the provider's server-sent events come in, bare text goes out. It runs gunicorn, gevent, Flask and
requests as Rivulet does, but stores, renders and remembers nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import requests
from flask import Flask, Response, request

PAGE = """<!doctype html>
<title>Floor</title>
<pre></pre>
<form><input id="text" name="text" autofocus></form>
<script>
document.forms[0].onsubmit = async event => {
  event.preventDefault()
  const answer = document.querySelector("pre"), decoder = new TextDecoder()
  answer.ariaBusy = true
  const { body } = await fetch("/", { method: "POST", body: new URLSearchParams(new FormData(event.target)) })
  for await (const chunk of body) answer.append(decoder.decode(chunk, { stream: true }))
  answer.ariaBusy = false
}
</script>
"""
"""The least a page can do with an answer: append each chunk."""


def create_app(url: str) -> Flask:
    """Build the relay to a provider; `url` includes its /v1."""
    app = Flask(__name__)

    @app.get("/")
    def page() -> str:
        return PAGE

    @app.post("/")
    def relay() -> Response:
        return Response(said(url, request.form["text"]), mimetype="text/plain")

    return app


def said(url: str, text: str) -> Iterator[str]:
    """Yield the provider's text."""
    body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": text}]}
    with requests.post(f"{url}/chat/completions", json=body, stream=True) as response:
        for data in events(response.iter_content(None)):
            if data == b"[DONE]":
                return
            yield json.loads(data)["choices"][0]["delta"].get("content") or ""


def events(reads: Iterator[bytes]) -> Iterator[bytes]:
    """Split a stream into the data of its one-line events."""
    rest = b""
    for read in reads:
        *whole, rest = (rest + read).split(b"\n\n")
        yield from (event.removeprefix(b"data: ") for event in whole)
