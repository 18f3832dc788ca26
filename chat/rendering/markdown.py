"""Markdown to HTML with comrak, behind one function: another parser could take its place."""

from __future__ import annotations

from functools import cache

import comrak

from . import dialect
from .input_limits import HTML_LIMIT, TEXT_LIMIT, TooMuch, find_costly_extensions, limit_nesting

EXTENSIONS = frozenset(
    ["alerts", "autolink", "cjk_friendly_emphasis", "footnotes", "strikethrough", "table", "tasklist"]
)


def to_html(text: str, is_growing: bool = False) -> str:
    """Render Markdown. Tags in it become text, and shielded signs stay shielded. Raises TooMuch.

    The result must still be sanitised.
    """
    if len(text) > TEXT_LIMIT:
        raise TooMuch
    text = dialect.translate(limit_nesting(text), is_growing)
    extensions = extension_options(EXTENSIONS.difference(find_costly_extensions(text)))
    html = comrak.render_markdown(text, extension_options=extensions, render_options=render_options())
    if len(html) > HTML_LIMIT:
        raise TooMuch
    return html


@cache
def extension_options(extensions: frozenset[str]) -> comrak.ExtensionOptions:
    options = comrak.ExtensionOptions()
    for extension in extensions:
        setattr(options, extension, True)
    return options


@cache
def render_options() -> comrak.RenderOptions:
    """Make comrak's options: tags become text, line ends become line breaks, and nothing stands between blocks."""
    options = comrak.RenderOptions()
    options.compact_html = options.escape = options.full_info_string = options.hardbreaks = True
    return options


def swallows(text: str) -> bool:
    """Return whether a heading after a text would become part of it, for example in an unclosed fence."""
    return not comrak.render_markdown(f"{text}\n\n# end\n").endswith("<h1>end</h1>\n")
