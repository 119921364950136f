"""What differs between two runs, studies or data sets: configuration and results."""

from __future__ import annotations

import json
from typing import Any

from foreworld.cli._usage import Args, Fields, Usage


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("a A", "folder or name of a run, a study or a data set")
    usage.add("b B", "another")
    usage.json()


def run(args: Args, fields: Fields) -> int:
    """Print the differences."""
    from foreworld.workspace.compare import compare
    from foreworld.workspace.words import folder_of

    found = compare(folder_of(args.a), folder_of(args.b))
    if args.json:
        # Of best points the value alone; None stays None.
        outcomes = [
            one._asdict() | {k: getattr(getattr(one, k), "value", None) for k in "ab"}
            for one in found.outcomes
        ]
        print(json.dumps(found._asdict() | {"outcomes": outcomes}, indent=1))
        return 0
    for path, (a, b) in {**found.fields, **found.made_with}.items():
        print(f"{path}: {_text(a)} -> {_text(b)}")
    if not found.fields:
        but = ", what it was made with is not" if found.made_with else ""
        print(f"the configuration is the same{but}")
    for one in found.outcomes:
        line = f"{one.measure} of {one.metric}, best point: {_value(one.a)} -> "
        line += _value(one.b)
        if one.a is not None and one.b is not None:
            line += f" ({one.b.value - one.a.value:+.4g})"
        print(line)
    if found.same_bytes is not None:
        print(f"the contents are {'' if found.same_bytes else 'not '}the same bytes")
    return 0


def _value(best: Any) -> str:
    if best is None:
        return "nothing finished"
    low, high = best.student
    return f"{best.value:.4g}" + (f" [{low:.4g}, {high:.4g}]" if low == low else "")


def _text(value: Any) -> str:
    return "-" if value is None else json.dumps(value)
