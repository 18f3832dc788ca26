"""Test forms: parsed as Werkzeug does, in little memory, and never cached."""

from __future__ import annotations

import gc
import warnings
from io import BytesIO
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.formparser import FormDataParser

from chat.web import form_parser
from chat.web.form_parser import URLENCODED, FormParser
from tests.asking import HTMX, PAGE, TEXT, rows

FORMS = st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=4).map(lambda form: urlencode(form).encode())
NOISE = st.lists(st.sampled_from([b"a", b"=", b"&", b"+", b"%", b"%4", b"%41", b"%c3%A4", b"%FF", b"%00"]))


@given(FORMS | NOISE.map(b"".join), st.sampled_from([3, 4, 5, form_parser.PART_SIZE]))
def test_a_form_says_what_werkzeug_would_read_in_it(body: bytes, part: int) -> None:
    with patch.object(form_parser, "PART_SIZE", part):
        ours, theirs = (
            parser(max_form_parts=1000, silent=False).parse(BytesIO(body), URLENCODED, len(body))[1]
            for parser in (FormParser, FormDataParser)
        )

    assert list(ours.items(multi=True)) == list(theirs.items(multi=True))


def test_a_form_of_nothing_but_fields_is_refused(client: FlaskClient, app: Flask) -> None:
    body = b"text=Hello" + b"&a" * 1000

    for form in (HTMX, PAGE, TEXT):
        refused = client.post("/conversations", data=body, content_type=URLENCODED, headers=form)
        assert refused.status_code == 413 and "Shorten it" in refused.text

    assert set(rows(app).values()) == {0}


@pytest.mark.parametrize("rest", ["", "\r\n--x\r\nnonsense\r\n\r\n", "x" * 700_000], ids=["", "nonsense", "large"])
def test_a_file_within_a_form_that_breaks_off_is_kept_nowhere(client: FlaskClient, rest: str) -> None:
    body = f'--x\r\nContent-Disposition: form-data; name="text"; filename="a"\r\n\r\nHello{rest}'

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        client.post("/conversations", data=body, content_type="multipart/form-data; boundary=x", headers=PAGE)
        gc.collect()

    assert [str(warning.message) for warning in told if warning.category is ResourceWarning] == []
