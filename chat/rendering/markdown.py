"""Markdown to HTML by comrak, kept behind one function: another parser could take its place."""

from __future__ import annotations

from functools import cache

import comrak

from . import dialect, input_limits


def html(text: str, is_growing: bool = False) -> str:
    """Render Markdown; HTML in it comes out as text, signs that are read as typed as their marks. Nobody trusts the
    result before it is sanitised.

    Raises input_limits.TooMuch.
    """
    text = dialect.translate(input_limits.limit_nesting(text), is_growing)
    extensions, rendering = extension_options(input_limits.extensions(text)), render_options()
    html = comrak.render_markdown(text, extension_options=extensions, render_options=rendering)
    return input_limits.check_length(html, input_limits.HTML_LIMIT)


@cache
def extension_options(extensions: frozenset[str]) -> comrak.ExtensionOptions:
    """Switch on what a text may use of Markdown's extensions."""
    options = comrak.ExtensionOptions()
    for extension in extensions:
        setattr(options, extension, True)
    return options


@cache
def render_options() -> comrak.RenderOptions:
    """Have HTML in the text come out as text, its line ends as line breaks, and nothing between blocks."""
    options = comrak.RenderOptions()
    options.compact_html = options.escape = options.full_info_string = options.hardbreaks = True
    return options


def swallows(text: str) -> bool:
    """Tell whether a heading after a text would be a part of it: in a fence, say, that is still open."""
    return not comrak.render_markdown(f"{text}\n\n# end\n").endswith("<h1>end</h1>\n")
