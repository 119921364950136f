"""What there is: worlds, users, learners, launchers, trackers, sets and studies."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core.registry import entries
from foreworld.data.sets.find import set_entries

KINDS = {
    "worlds": "worlds",
    "users": "users",
    "learners": "learners",
    "launchers": "launch",
    "trackers": "track",
    "sets": None,
    "studies": None,
}
"""Word on the command line -> folder of the registry, for parts."""


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("kind KIND", " | ".join(KINDS), nargs="?", choices=KINDS)
    usage.json()


def run(args: Args, fields: Fields) -> int:
    """Print one line a part, or JSON."""
    found = {kind: _rows(kind) for kind in ([args.kind] if args.kind else KINDS)}
    if args.json:
        print(json.dumps([row for rows in found.values() for row in rows], indent=1))
        return 0
    width = max((len(r["name"]) for rows in found.values() for r in rows), default=0)
    for kind, rows in found.items():
        if not args.kind:
            print(f"{kind}:")
        if not rows:
            print("  none here")
        for row in rows:
            source = f" [{row['source']}]" if row["source"] else ""
            mark = "compat: " if row.get("compat") else ""
            print(f"  {row['name']:<{width}}  {mark}{row['summary']}{source}")
    return 0


def _rows(kind: str) -> list[dict[str, Any]]:
    folder = KINDS[kind]
    if kind == "sets":
        return _sets()
    if folder is None:
        return _studies()
    return [
        {
            "kind": kind,
            "name": entry.name,
            "compat": entry.compat,
            "summary": entry.summary(),
            "source": entry.source(),
        }
        for entry in entries(folder).values()
    ]


def _sets() -> list[dict[str, str]]:
    """Named sets, not imported."""
    return [
        {
            "kind": "sets",
            "name": entry.name,
            "summary": entry.summary,
            "source": entry.source,
        }
        for entry in set_entries().values()
    ]


def _studies() -> list[dict[str, str]]:
    """Files under ``studies/`` of the working folder, not imported."""
    root = Path("studies")
    rows = []
    for path in sorted(root.rglob("*.py")):
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        name = path.relative_to(root).with_suffix("").as_posix()
        summary = doc.partition("\n")[0]
        rows.append({"kind": "studies", "name": name, "summary": summary, "source": ""})
    return rows
