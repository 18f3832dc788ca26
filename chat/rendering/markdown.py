"""Markdown to HTML by comrak, kept behind one function: another parser could take its place."""

from __future__ import annotations

import comrak

from . import guards


def html(text: str) -> str:
    """Render Markdown; HTML in it comes out as text. Nobody trusts the result before it is sanitised.

    Raises guards.TooMuch.
    """
    text = guards.defused(text)
    extensions, rendering = extension_options(text), render_options()
    html = comrak.render_markdown(text, extension_options=extensions, render_options=rendering)
    return guards.bounded(html, guards.HTML_LIMIT)


def extension_options(text: str) -> comrak.ExtensionOptions:
    """Switch on what this text may use of Markdown's extensions."""
    options = comrak.ExtensionOptions()
    for extension in guards.extensions(text):
        setattr(options, extension, True)
    return options


def render_options() -> comrak.RenderOptions:
    """Have HTML in the text come out as text."""
    options = comrak.RenderOptions()
    options.escape = True
    return options


def swallows(text: str) -> bool:
    """Tell whether a heading after a text would be a part of it: in a fence, say, that is still open."""
    return not comrak.render_markdown(f"{text}\n\n# end\n").endswith("<h1>end</h1>\n")
