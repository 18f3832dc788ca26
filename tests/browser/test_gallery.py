"""Test the gallery: its pictures, its index, and that a state that fails makes it fail."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.gallery import index, pictures
from tests.browser.gallery.camera import shots
from tests.browser.site import Site
from tests.browser.states import AREAS, STATES
from tests.browser.states.state import PHONE, State, open_page, visiting

take = pictures.test_a_state_has_its_pictures_and_passes_all_checks
ERROR = State("An address leads nowhere", visiting("/conversations/999999"), widths=(PHONE,))


def linked(page: Path) -> list[str]:
    """List the files that a page leads to or shows."""
    return re.findall(r'(?:href|src)="([^"#]+)', page.read_text())


def test_a_state_has_a_picture_of_each_look_and_its_page_shows_them(show: Callable[..., Page], tmp_path: Path) -> None:
    take(show, tmp_path, ERROR)

    written = index.write(tmp_path, {"Errors": [ERROR]})

    taken = sorted(path.name for path in tmp_path.glob("*.png"))
    assert taken == [f"{ERROR.slug}-390-{look}.png" for look in ("dark", "forced-colours", "light")]
    assert len({(tmp_path / name).read_bytes() for name in taken}) == 3
    assert all(index.size_of(tmp_path / name)[0] == PHONE for name in taken)
    assert set(taken) <= set(linked(written)) and set(taken) <= set(linked(tmp_path / f"{ERROR.slug}.html"))


@pytest.mark.parametrize("fault", ["unreached", "inaccessible"])
def test_a_state_that_fails_makes_the_gallery_fail(show: Callable[..., Page], tmp_path: Path, fault: str) -> None:
    def reach(page: Page, site: Site) -> None:
        assert fault != "unreached"
        open_page(page, site, "/conversations/999999")
        page.evaluate("document.querySelector('main').append(document.createElement('button'))")

    with pytest.raises(AssertionError):
        take(show, tmp_path, replace(ERROR, reach=reach))

    written = index.write(tmp_path, {"Errors": [ERROR]})
    assert ("not reached" in written.read_text()) == (fault == "unreached") == (not [*tmp_path.glob("*.png")])


def test_the_index_has_every_state_and_one_leads_to_the_next(tmp_path: Path) -> None:
    written = index.write(tmp_path, AREAS)

    pages = [f"{state.slug}.html" for state in STATES]
    assert [name for name, times in Counter(pages).items() if times > 1] == []
    assert [name for name in linked(written) if name in pages] == pages
    for before, page, after in zip(pages, pages[1:], pages[2:], strict=False):
        assert [name for name in linked(tmp_path / page) if name in pages][:2] == [before, after]


def test_each_state_has_pictures_in_both_themes_and_one_in_forced_colours() -> None:
    for state in STATES:
        looks = Counter(shot.look for shot in shots(state))
        if state.media == "screen":
            assert looks == {"light": len(state.widths), "dark": len(state.widths), "forced colours": 1}
