"""Create the pictures of docs/formulas.md: each command as Rivulet draws it, beside KaTeX.

    npm install --prefix /somewhere katex@0.19.1
    CHROMIUM=/usr/bin/chromium python -m tests.rendering.pictures /somewhere/node_modules/katex

It also writes the table; commands.py holds the verdicts.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.chromium import ARGUMENTS
from chat.rendering import formulas
from chat.rendering.time_budget import TimeBudget
from tests.rendering.commands import COMMANDS

TOP = Path(__file__).parent.parent.parent
DOCS = TOP / "docs"
A_SHEET = 10

STYLE = """
body { margin: 0; width: 860px; font: 13px sans-serif; background: white; color: black; --mono: monospace }
.row { display: grid; grid-template-columns: 28px 400px 400px; align-items: center; gap: 0 16px;
  border-bottom: 1px solid #ddd; padding: 6px; box-sizing: border-box }
.row > * { font-size: 17px } .row > :first-child { font-size: 13px }
.katex-display, .formula--display { margin: 0 !important }
"""

HEAD = """# Formulas

Rivulet draws LaTeX with MathML, which browsers show without a script. [math-core](https://pypi.org/project/math-core/)
converts it, `chat/rendering/latex.py` first rewrites what math-core doesn't know, and the font is a subset of STIX Two
Math. If math-core refuses a formula, or the drawing would lack a letter or digit of the source, the page shows the
source.

Each picture has ten commands: Rivulet on the left, KaTeX 0.19.1 on the right. "Source" means that the page shows the
source. `python -m tests.rendering.pictures` makes this page; a test holds that its verdicts agree with the code.
"""


def page(katex: Path) -> str:
    """Write a page with KaTeX, our style and our font."""
    style = (TOP / "static" / "css" / "formulas.css").read_text()
    font = base64.b64encode((TOP / "static" / "fonts" / "math.woff2").read_bytes()).decode()
    ours = style.replace("math.woff2", f"data:font/woff2;base64,{font}")
    css, script = (katex / "dist" / "katex.min.css").as_uri(), (katex / "dist" / "katex.min.js").as_uri()
    theirs = f'<link rel="stylesheet" href="{css}"><script src="{script}"></script>'
    return f"<!doctype html>{theirs}<style>{ours}{STYLE}</style>"


def sheet(number: int, sources: list[str]) -> str:
    """Write ten rows, each with a command as both draw it."""
    rows = []
    for place, source in enumerate(sources, number * A_SHEET + 1):
        ours = formulas.draw(source, True, TimeBudget(1e9))
        theirs = f"<div class=katex-here data-source='{escape(source, quote=True)}'></div>"
        rows.append(f"<div class=row><div>{place}</div><div class=reply__body>{ours}</div>{theirs}</div>")
    return "".join(rows)


DRAW = """for (const place of document.querySelectorAll(".katex-here"))
  katex.render(place.dataset.source, place, { displayMode: true, throwOnError: false })"""


def photograph(katex: Path, folder: Path) -> None:
    """Take a screenshot of ten commands."""
    file = folder / "formulas-page.html"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=ARGUMENTS)
        shown = browser.new_page(viewport={"width": 860, "height": 600})
        for number, sources in enumerate(sheets()):
            file.write_text(page(katex) + sheet(number, sources))
            shown.goto(file.as_uri())
            shown.evaluate(DRAW)
            shown.evaluate("document.fonts.ready.then(() => true)")
            shown.locator("body").screenshot(path=DOCS / "formulas" / f"{number + 1:02}.png")
        browser.close()
    file.unlink()


def sheets() -> Iterator[list[str]]:
    """Return the commands in batches of ten."""
    sources = list(COMMANDS)
    for first in range(0, len(sources), A_SHEET):
        yield sources[first : first + A_SHEET]


def table() -> str:
    """Write docs/formulas.md."""
    parts = [HEAD]
    for number, sources in enumerate(sheets()):
        first = number * A_SHEET + 1
        parts.append(f"\n## {first} to {first + len(sources) - 1}\n\n| no | LaTeX | Rivulet |\n|---|---|---|\n")
        parts += [
            f"| {place} | `{cell(source)}` | {COMMANDS[source]} |\n" for place, source in enumerate(sources, first)
        ]
        parts.append(f"\n![As Rivulet and KaTeX draw them](formulas/{number + 1:02}.png)\n")
    return "".join(parts)


def cell(source: str) -> str:
    """Write a source into a table cell, where a bar would end it."""
    return source.replace("|", "\\|")


if __name__ == "__main__":
    (DOCS / "formulas").mkdir(exist_ok=True)
    photograph(Path(sys.argv[1]).resolve(), DOCS / "formulas")
    (DOCS / "formulas.md").write_text(table())
    print(json.dumps({"commands": len(COMMANDS)}))
