"""What a named set is made of, for ``foreworld show``."""

from __future__ import annotations

from typing import Any

from foreworld.core.parts.config import changes, encode
from foreworld.core.parts.paths import field_paths
from foreworld.data.format.observation import Observation
from foreworld.data.sets.base import NamedSet
from foreworld.data.sets.find import set_entries
from foreworld.worlds.base import Family


def set_facts(name: str, named: NamedSet) -> dict[str, Any]:
    """A named set as plain values: its sizes, and the fields of each task's worlds."""
    entry = set_entries()[name]
    legacy = _tasks(named.replace(legacy=True)) if named.has_legacy else {}
    return {
        "name": name,
        "summary": entry.summary,
        "source": entry.source,
        **named.sizes,
        "num_frames": named.num_frames,
        "images": not named.series,
        "seed": named.seed,
        "tasks": _tasks(named),
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
    alike: dict[tuple[str, ...], list[str]] = {}
    for task, theirs in facts["legacy"].items():
        ours = facts["tasks"][task]
        names = (n for n in {**theirs, **ours} if ours.get(n) != theirs.get(n))
        lines = (f"  {name}: {theirs.get(name, 'its default')}" for name in names)
        alike.setdefault(tuple(lines), []).append(task)
    for lines, tasks in alike.items():
        every = len(tasks) == num
        which = ("every task" if num > 1 else "it") if every else ", ".join(tasks)
        differ = "differs" if every or len(tasks) == 1 else "differ"
        print(f"with --legacy {which} {differ} in{':' if lines else ' nothing.'}")
        print("".join(f"{line}\n" for line in lines), end="")


def _tasks(named: NamedSet) -> dict[str, dict[str, Any]]:
    """The fields of each task's worlds, and of what is observed of them."""
    found = {}
    for task, family in named.families.items():
        seen = changes(named.settings(task).get("observation", Observation()))
        seen = {f"observation.{name}": value for name, value in seen.items()}
        found[task] = {**_fields(family), **seen}
    return found


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
