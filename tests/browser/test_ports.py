"""Test two instances at two ports of one host, with one secret, in one browser: cookies don't distinguish ports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import walk
from tests.browser.origins import Instance, plain
from tests.browser.tabs import ChromiumTab
from tests.team import account


@pytest.fixture
def instances(tmp_path: Path) -> Iterator[list[Instance]]:
    """Two instances of different teams, at localhost."""
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    with plain(folders[0], "localhost") as first, plain(folders[1], "localhost") as second:
        yield [first, second]


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_browser_stays_signed_in_to_both(browser: Browser, instances: list[Instance], script: bool) -> None:
    tab = ChromiumTab(browser, script)
    for instance in instances:
        account(instance.app.extensions["rivulet"].database)
        tab.open(f"{instance.url}/sign-in")
        walk.sign_in(tab)

    for instance in [*instances, *instances]:
        tab.open(instance.url)
        walk.watch_an_answer(tab, instance)

    walk.sign_out(tab)
    tab.open(instances[0].url)
    tab.see("#text")
    tab.close()
