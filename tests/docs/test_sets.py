"""The page of named sets: every set is on it, with its sizes."""

import re

import pytest

from foreworld.data.sets.find import make_set, set_entries
from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs" / "sets.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", set_entries())
def test_every_set_is_on_the_page(name):
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    (row,) = (row for row in rows if f"`{name}`" in row)
    named = make_set(name)
    if name.startswith("dm/") or named.series:
        return
    sizes = " / ".join(f"{size:,}" for size in named.sizes.values())
    num = re.match(r"\| `[^`]*` \| (\d+)", row)
    assert num is not None and int(num[1]) == len(named.tasks)
    assert f"| {sizes} |" in row
    if len(named.tasks) > 1:
        assert f"`{next(iter(named.tasks))}`" in row
