"""Check each state in both themes, and take its pictures. bin/gallery runs this; bin/test doesn't."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.checks import AXE_WINDOWS, Faults, complaints, find_faults, resize
from tests.browser.gallery.camera import LOOKS, shots, take
from tests.browser.states import STATES
from tests.browser.states.state import PHONE, State


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.slug)
def test_a_state_has_its_pictures_and_passes_all_checks(show: Callable[..., Page], folder: Path, state: State) -> None:
    """A touch screen comes last: a page that has lost one has no pointer."""
    for shot in shots(state):
        (folder / shot.file).unlink(missing_ok=True)

    page = show(state)
    take(page, state, folder, [width for width in state.widths if width != PHONE])
    found = find_faults_in_both_themes(page, state) if state.media == "screen" else {}
    take(page, state, folder, [width for width in state.widths if width == PHONE])

    assert not found, found


def find_faults_in_both_themes(page: Page, state: State) -> Faults:
    """Run all checks in one theme, and in the other those that depend on colours."""
    page.emulate_media(**LOOKS["dark"])
    resize(page, next(width for width in state.windows if width in AXE_WINDOWS), state.renew)
    dark = complaints(page)
    page.emulate_media(**LOOKS["light"])
    found = find_faults(page, state.windows, state.renew)
    return {**found, "axe in the dark": dark} if dark else found
