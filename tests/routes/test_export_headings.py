"""Test the headings of a Markdown export: they differ from any line of a message, whose rendering stays the same."""

from __future__ import annotations

import re

import comrak
import pytest

from chat.routes.export_headings import escape_headings

HEADING = re.compile(r"^##?(?:[ \t]|$)", re.MULTILINE)
AFTER = "\n\n## You\n\nNext\n"

UNTOUCHED = [
    "Plain words.",
    "### A smaller heading\n\n#hashtag",
    "> ## You",
    "- ## You",
    "- ```\n  code\n\nNo fence is open here.",
    "```\ncode\n```\n\n    # indented",
    "a <b> c",
    "<!-- closed -->",
]
INSTEAD = {
    "## You": " ## You",
    "# Title\n##": " # Title\n ##",
    "Words\n## You\n- item\n# Next": "Words\n ## You\n- item\n # Next",
    "```sh\n# a comment\n\n  two\n\tthree\n```\nEnd": " ```sh\n # a comment\n\n   two\n \tthree\n```\nEnd",
    "  ~~~\n## You\n   three\n  ~~~": "  ~~~\n ## You\n   three\n  ~~~",
    "````\n```\n# x\n````": " ````\n ```\n # x\n````",
}
CLOSED = {
    "```py\ncount = 1": "```py\ncount = 1\n```",
    "~~~~\n# open": " ~~~~\n # open\n~~~~",
    "<!-- open": "<!-- open\n-->",
    "<pre>\n\nopen": "<pre>\n\nopen\n</pre>",
}


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_is_no_heading_of_ours_stays_as_it_was_written(text: str) -> None:
    assert escape_headings(text) == text


@pytest.mark.parametrize("text", INSTEAD)
def test_no_line_of_a_message_looks_like_a_heading_of_ours_and_it_renders_the_same(text: str) -> None:
    """P18."""
    written = escape_headings(text)

    assert written == INSTEAD[text]
    assert not HEADING.search(written)
    assert comrak.render_markdown(written) == comrak.render_markdown(text)


@pytest.mark.parametrize("text", CLOSED)
def test_a_message_that_leaves_something_open_swallows_no_heading(text: str) -> None:
    assert "<h2>You</h2>" not in comrak.render_markdown(text + AFTER)

    written = escape_headings(text)

    assert written == CLOSED[text]
    assert comrak.render_markdown(written + AFTER).endswith("<h2>You</h2>\n<p>Next</p>\n")
