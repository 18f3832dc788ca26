"""The gallery's pages: an index of all states by area, and a page for each state to leaf through."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader

from chat import VERSION
from tests.browser.gallery.camera import shots
from tests.browser.states.state import State

HERE = Path(__file__).parent
TOP = HERE.parents[2]
LOOK = (TOP / "static/css/base.css", HERE / "gallery.css")


class Picture(NamedTuple):
    """A picture that was taken."""

    file: str
    caption: str
    width: int
    height: int


def write(folder: Path, areas: dict[str, list[State]]) -> Path:
    """Write all pages of the gallery; return the index. States without pictures say so."""
    pages = Environment(
        loader=FileSystemLoader([HERE, TOP / "templates"]), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    pages.globals.update(version=VERSION, areas=areas, pictures={})
    states = [state for listed in areas.values() for state in listed]
    pages.globals["pictures"] = {state.slug: pictures_of(folder, state) for state in states}
    (folder / "gallery.css").write_text("\n".join(path.read_text() for path in LOOK))
    for before, state, after in zip([states[-1], *states], states, [*states[1:], states[0]], strict=False):
        page = pages.get_template("state.html").render(state=state, before=before, after=after)
        (folder / f"{state.slug}.html").write_text(page)
    index = folder / "index.html"
    index.write_text(pages.get_template("index.html").render())
    return index


def pictures_of(folder: Path, state: State) -> list[Picture]:
    """List the pictures of a state that are in the folder."""
    taken = [shot for shot in shots(state) if (folder / shot.file).exists()]
    return [Picture(shot.file, f"{shot.width} px, {shot.look}", *size_of(folder / shot.file)) for shot in taken]


def size_of(picture: Path) -> tuple[int, int]:
    """Read width and height from the head of a PNG file."""
    with picture.open("rb") as file:
        width, height = struct.unpack(">16xII", file.read(24))
    return width, height
