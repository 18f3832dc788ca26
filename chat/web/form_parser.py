"""Forms: read in little time and memory, whatever is sent as one."""

from __future__ import annotations

import re
import time
from io import BytesIO
from typing import IO, Any

from htmx_flask.requests import HtmxAwareRequest
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

URLENCODED = "application/x-www-form-urlencoded"

PART = 64 * 1024
"""How many bytes are unescaped at a time; then others have a turn."""

ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2}){1,64}")
"""Some escapes in a row; a longer run is several, as re keeps account of each turn it takes."""


class FormParser(FormDataParser):
    """Reads a form that has few fields, in little memory.

    Werkzeug counts the parts of multipart forms alone: 1 MiB of nothing but fields would take it seconds, and 1 MiB of
    escapes 80 MB.
    """

    def parse(self, stream: IO[bytes], mimetype: str, content_length: int | None, options: Any = None) -> Any:
        """Read the fields of a form. Raises RequestEntityTooLarge."""
        if mimetype != URLENCODED:
            return super().parse(stream, mimetype, content_length, options)
        sent = stream.read()
        if sent.count(b"&") >= (self.max_form_parts or 0):
            raise RequestEntityTooLarge
        pairs = (field.partition(b"=") for field in sent.split(b"&") if field)
        return stream, self.cls([(decode_field(name), decode_field(value)) for name, _, value in pairs]), self.cls()


def decode_field(text: bytes) -> str:
    """Read the name or the value of a field; what is not UTF-8 stays escaped."""
    return unescape(text.replace(b"+", b" ")).decode(errors="werkzeug.url_quote")


def unescape(text: bytes) -> bytes:
    """Put bytes in the place of their escapes, many at a time."""
    done, start = [], 0
    while start < len(text):
        end = start + PART
        cut = text.find(b"%", end - 2, end)  # an escape that goes on behind the part belongs to the next one
        end = end if cut < 0 else cut
        done.append(ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace(b"%", b"").decode()), text[start:end]))
        start = end
        if start < len(text):
            time.sleep(0)
    return b"".join(done)


class Request(HtmxAwareRequest):
    """A request whose form is read by Fields; no route takes files, so none is written to a disk."""

    form_data_parser_class = FormParser

    def _get_file_stream(self, *_: Any, **__: Any) -> BytesIO:
        # Werkzeug's own would stay open where the form breaks off.
        return BytesIO()
