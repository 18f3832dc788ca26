"""The two sets of fonts that pages are looked at with: sizes must not hang on what a machine has installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FONTS = {
    "dejavu": Path("/usr/share/fonts/truetype/dejavu"),
    "noto": Path("/usr/share/fonts/truetype/noto"),
}
"""Where Debian's fonts-dejavu-core and fonts-noto-core are."""

with_all_fonts = pytest.mark.parametrize("fonts", list(FONTS), indirect=True)
each_theme = pytest.mark.parametrize(("theme", "fonts"), [("light", "dejavu"), ("dark", "noto")], indirect=["fonts"])
"""Both themes and both sets of fonts in two runs: colours don't hang on fonts, nor sizes on colours."""

CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{folder}</cachedir>
  <include ignore_missing="yes">/etc/fonts/conf.d</include>
</fontconfig>
"""


def environment(folder: Path, name: str) -> dict[str, str | float | bool]:
    """Return the environment of a browser that sees one set of fonts, or all fonts where that set isn't installed.

    `folder` keeps the browser's configuration and cache of fonts.
    """
    if not FONTS[name].is_dir():
        return dict(os.environ)
    path = folder / f"{name}.conf"
    path.write_text(CONFIGURATION.format(fonts=FONTS[name], folder=folder / name))
    return {**os.environ, "FONTCONFIG_FILE": str(path)}
