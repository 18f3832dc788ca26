"""Check the house rule about module names: they are nouns."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house import is_in

NOUNS = {"chunked", "paging", "rendering", "streaming"}
"""Module names that look like a gerund or a participle; `chunked` is HTTP's name for a coding."""
GERUND_OR_PARTICIPLE = re.compile(
    r"\w{2,}(ing|ed)|bound|broken|built|chosen|come|cut|done|drawn|fed|forgotten|found|given|gone|held|hidden|kept|known"
    r"|led|left|lost|made|met|paid|put|read|said|seen|sent|set|shown|sold|spent|split|spoken|stood|stolen|taken|thought"
    r"|told|understood|woken|won|written"
)


def modules_are_nouns(module: str, tree: ast.Module) -> Iterator[str]:
    """Complain about a module named with a gerund or a participle. A migration's name says what it did."""
    word = module.rpartition(".")[2].rpartition("_")[2]
    if word in NOUNS or is_in(module, ["chat.storage.migrations.versions"]):
        return
    if GERUND_OR_PARTICIPLE.fullmatch(word):
        yield f"{module} is no noun"
