"""A parser of forms that needs little time and memory, whatever a client sends."""

from __future__ import annotations

import re
import time
from io import BytesIO
from typing import IO, Any

from flask import request
from htmx_flask.requests import HtmxAwareRequest
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

URLENCODED = "application/x-www-form-urlencoded"

PART_SIZE = 64 * 1024
"""How many bytes to unescape before other requests have a turn."""

ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2}){1,64}")
"""Up to 64 escapes in a row: re needs memory for each repetition."""


class FormParser(FormDataParser):
    """Reads a form with few fields.

    Werkzeug limits only the parts of multipart forms. It needs seconds for 1 MiB of fields, and 80 MB for 1 MiB of
    escapes.
    """

    def parse(self, stream: IO[bytes], mimetype: str, content_length: int | None, options: Any = None) -> Any:
        """Read the fields. Raise RequestEntityTooLarge for too many."""
        if mimetype != URLENCODED:
            return super().parse(stream, mimetype, content_length, options)
        sent = stream.read()
        if sent.count(b"&") >= (self.max_form_parts or 0):
            raise RequestEntityTooLarge
        pairs = (field.partition(b"=") for field in sent.split(b"&") if field)
        return stream, self.cls([(decode_field(name), decode_field(value)) for name, _, value in pairs]), self.cls()


def decode_field(text: bytes) -> str:
    """Decode a name or value; what isn't UTF-8 stays escaped."""
    return unescape(text.replace(b"+", b" ")).decode(errors="werkzeug.url_quote")


def unescape(text: bytes) -> bytes:
    """Replace escapes with their bytes, many at a time."""
    done, start = [], 0
    while start < len(text):
        end = start + PART_SIZE
        cut = text.find(b"%", end - 2, end)  # an escape across the end belongs to the next part
        end = end if cut < 0 else cut
        done.append(ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace(b"%", b"").decode()), text[start:end]))
        start = end
        if start < len(text):
            time.sleep(0)
    return b"".join(done)


class Request(HtmxAwareRequest):
    """A request that uses FormParser, and keeps files off the disk, because no route takes any."""

    form_data_parser_class = FormParser

    def _get_file_stream(self, *_: Any, **__: Any) -> BytesIO:
        # Werkzeug's own stays open if the form breaks off.
        return BytesIO()


def posted_text() -> str:
    """Return the message in the form of this request, as it was typed."""
    fields = request.form.getlist("text") or [""]  # an example's button adds its own field after the box
    return fields[-1]
