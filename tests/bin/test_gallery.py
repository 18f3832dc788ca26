"""Test bin/gallery: where the pictures go, and what it says if it can't take them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bin.checkout import Checkout

WORKS = "#!/bin/sh\n"


@pytest.fixture(autouse=True)
def python(checkout: Checkout) -> None:
    checkout.has_python("python3")


def test_the_pictures_go_into_the_folder_that_is_named_and_pytest_gets_the_rest(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.has_tool("chromium", WORKS)
    default, named = checkout.root / "build" / "gallery", tmp_path / "my pictures"

    results = [checkout.run("gallery"), checkout.run("gallery", str(named), "-k", "menu")]

    runs = [call.partition("--gallery ")[2] for call in checkout.calls if call.startswith("-m pytest")]
    assert [result.returncode for result in results] == [0, 0], results
    assert runs == [str(default), f"{named} -k menu"]
    assert default.is_dir() and named.is_dir()


def test_it_says_how_it_is_used(checkout: Checkout) -> None:
    result = checkout.run("gallery", "--help")

    assert result.returncode == 0 and result.stdout.startswith("Usage: bin/gallery [FOLDER]")
    assert checkout.calls == []


@pytest.mark.skipif(Path("/Applications/Google Chrome.app").exists(), reason="This Mac has a Chrome of its own.")
def test_without_a_chromium_it_says_what_to_do(checkout: Checkout) -> None:
    result = checkout.run("gallery")

    assert result.returncode == 1 and "The gallery needs Chromium." in result.stderr
