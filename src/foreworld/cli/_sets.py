"""What a named set is made of, for ``foreworld show``."""

from __future__ import annotations

from typing import Any

from foreworld.core.parts.config import changes, encode, field_paths
from foreworld.data.sets.base import NamedSet
from foreworld.data.sets.find import set_entries
from foreworld.worlds.base import Family


def set_facts(name: str, named: NamedSet) -> dict[str, Any]:
    """A named set as plain values: its sizes, and the fields of each task's worlds."""
    entry = set_entries()[name]
    legacy = {}
    if named.peer:
        peer = named.replace(legacy=True)
        legacy = {task: _fields(family) for task, family in peer.families.items()}
    return {
        "name": name,
        "summary": entry.summary,
        "source": entry.source,
        **named.sizes,
        "num_frames": named.num_frames,
        "images": not named.series,
        "seed": named.seed,
        "tasks": {task: _fields(family) for task, family in named.tasks.items()},
        "legacy": legacy,
    }


def print_set(facts: dict[str, Any]) -> None:
    """The same for people."""
    print(f"{facts['name']}: {facts['summary']}")
    print(f"source: {facts['source']}")
    num = len(facts["tasks"])
    sizes = ", ".join(f"{s} {facts[s]:,}" for s in ("train", "val", "test"))
    each = " a task" if num > 1 else ""
    unit = "frames" if facts["images"] else "steps, no frames"
    print(f"sequences{each}: {sizes}; {facts['num_frames']:,} {unit} each")
    print("tasks (label, folder, world):" if num > 1 else "world:")
    for label, (task, fields) in enumerate(facts["tasks"].items()):
        lead = f"  {label:>2}  {task}  " if num > 1 else "  "
        rest = ", ".join(f"{n}={v}" for n, v in fields.items() if n != "world")
        print(f"{lead}{fields['world']}({rest})")
    if facts["legacy"]:
        print("with --legacy the first differs in:")
        ours, theirs = (next(iter(facts[k].values())) for k in ("tasks", "legacy"))
        names = dict.fromkeys((*theirs, *ours))
        for name in names:
            if ours.get(name) != theirs.get(name):
                print(f"  {name}: {theirs.get(name, 'its default')}")


def _fields(family: Family) -> dict[str, Any]:
    """The world's name and its fields that are not at their defaults."""
    world = family.world
    fields: dict[str, Any] = {"world": type(world).__name__}
    different = changes(world)
    for path in field_paths(world):
        if path in family.ranges:
            low, high = family.ranges[path].ends()
            fields[path] = f"{low:g}..{high:g}"
        elif path in different:
            shown = encode(different[path])
            fields[path] = round(shown, 6) if isinstance(shown, float) else shown
    return fields
