"""Reads the code blocks of a page that an HTML comment before them names, so that tests can run them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "docs" / "install.md"

_LABELLED = re.compile(r"^<!-- (.+?) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(r"^<!-- .+? -->$", re.MULTILINE)


def labelled_blocks(page: Path) -> dict[str, str]:
    """
    Return the named blocks of a page by their names.

    :raises ValueError: two blocks have the same name, or no block follows a name
    """
    text = page.read_text(encoding="utf-8")
    found = _LABELLED.findall(text)
    blocks = dict(found)
    if not len(blocks) == len(found) == len(_LABEL.findall(text)):
        raise ValueError(f"{page.name}: a name of a block is there twice, or no block follows it")
    return blocks
