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
    "networks": "networks",
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
    """Sets and studies (files of the working folder) are not imported."""
    folder, rows = KINDS[kind], []
    if folder is not None:
        for e in entries(folder).values():
            rows.append(_row(kind, e.name, e.summary(), e.source(), compat=e.compat))
    elif kind == "sets":
        for e in set_entries().values():
            rows.append(_row(kind, e.name, e.summary, e.source))
    else:
        for path in sorted(Path("studies").rglob("*.py")):
            doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            name = path.relative_to("studies").with_suffix("").as_posix()
            rows.append(_row(kind, name, doc.partition("\n")[0], ""))
    return rows


def _row(
    kind: str, name: str, summary: str, source: str, **more: Any
) -> dict[str, Any]:
    return {"kind": kind, "name": name, **more, "summary": summary, "source": source}
