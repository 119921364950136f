"""Code blocks and links of Markdown files."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
_BLOCK = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S)
_LINK = re.compile(r"\[[^\]]*\]\((?P<to>[^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block: ``python``, ``sh`` or nothing; a file name after ``python``."""

    language: str
    file: str
    text: str


def blocks(path: Path) -> list[Block]:
    found = []
    for match in _BLOCK.finditer(path.read_text(encoding="utf-8")):
        language, _, file = match["info"].partition(" ")
        found.append(Block(language, file, match["text"]))
    return found


def commands(block: Block) -> list[list[str]]:
    """Words of each line, comments left out."""
    lines = block.text.replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [line for line in words if line]


def links(path: Path) -> list[str]:
    """Where a page points to, addresses of the network left out."""
    text = _BLOCK.sub("", path.read_text(encoding="utf-8"))
    found = [match["to"] for match in _LINK.finditer(text)]
    return [to for to in found if not re.match(r"[a-z]+:", to)]
