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
        print(json.dumps(_plain(found), indent=1))
        return 0
    for path, (a, b) in {**found.fields, **found.versions}.items():
        print(f"{path}: {_text(a)} -> {_text(b)}")
    if not found.fields:
        print("the configuration is the same")
    for outcome in found.outcomes:
        print(_line(outcome))
    if found.same_bytes is not None:
        print(f"the contents are {'' if found.same_bytes else 'not '}the same bytes")
    return 0


def _line(outcome: Any) -> str:
    name = f"{outcome.measure} of {outcome.metric}, best point"
    line = f"{name}: {_value(outcome.a)} -> {_value(outcome.b)}"
    if outcome.a is None or outcome.b is None:
        return line
    return f"{line} ({outcome.b.value - outcome.a.value:+.4g})"


def _value(best: Any) -> str:
    if best is None:
        return "nothing finished"
    low, high = best.student
    return f"{best.value:.4g}" + (f" [{low:.4g}, {high:.4g}]" if low == low else "")


def _text(value: Any) -> str:
    return "-" if value is None else json.dumps(value)


def _plain(found: Any) -> dict[str, Any]:
    def number(best: Any) -> float | None:
        return None if best is None else best.value

    return {
        "fields": found.fields,
        "versions": found.versions,
        "outcomes": [
            {
                "measure": one.measure,
                "metric": one.metric,
                "a": number(one.a),
                "b": number(one.b),
            }
            for one in found.outcomes
        ],
        "same_bytes": found.same_bytes,
    }
