"""Define the two sets of fonts in which tests open pages, so that sizes don't depend on the machine's fonts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FONTS = {
    "dejavu": Path("/usr/share/fonts/truetype/dejavu"),
    "noto": Path("/usr/share/fonts/truetype/noto"),
}
"""The folders of Debian's fonts-dejavu-core and fonts-noto-core."""

each_theme = pytest.mark.parametrize(("theme", "fonts"), [("light", "dejavu"), ("dark", "noto")], indirect=["fonts"])
"""Both themes and both sets of fonts in two runs: colours don't depend on fonts, nor sizes on colours."""

# fonts-noto-core has no monospace font and none for Chinese. Arabic has a better font than DejaVu's.
CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <dir>/usr/share/fonts/opentype/noto</dir>
  <dir>/usr/share/fonts/truetype/dejavu</dir>
  <selectfont>
    <acceptfont><glob>{fonts}/*</glob><glob>*/opentype/noto/*</glob><glob>*/DejaVuSansMono*</glob></acceptfont>
    <rejectfont><glob>*/dejavu/*</glob></rejectfont>
  </selectfont>
  <match target="scan">
    <test name="family"><string>DejaVu Sans Mono</string></test>
    <edit name="charset" mode="assign">
      <minus><name>charset</name><charset><range><int>0x600</int><int>0x6ff</int></range></charset></minus>
    </edit>
  </match>
  <cachedir>{folder}</cachedir>
  <include ignore_missing="yes">/etc/fonts/conf.d</include>
</fontconfig>
"""


def environment(folder: Path, name: str) -> dict[str, str | float | bool]:
    """Return a browser's environment with one set of fonts, or with all fonts if that set isn't installed.

    `folder` holds the browser's font configuration and cache.
    """
    if not FONTS[name].is_dir():
        return dict(os.environ)
    path = folder / f"{name}.conf"
    path.write_text(CONFIGURATION.format(fonts=FONTS[name], folder=folder / name))
    return {**os.environ, "FONTCONFIG_FILE": str(path)}
