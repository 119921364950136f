"""The speed benchmarks, against recorded figures of other tools.

    foreworld bench                 all rows
    foreworld bench ppo             the rows whose names begin so
    foreworld bench data --json     one JSON object a line

A value is the median of at least three runs after a warm-up; compiling is timed apart.
``ratio`` is how many times better than the reference.
"""

from __future__ import annotations

import importlib
import json
import statistics
import sys
from importlib.resources import files
from typing import Any

from foreworld.bench.base import Row
from foreworld.cli._usage import Args, Fields, Usage
from foreworld.core.errors import ForeworldError, unknown_name

MIN_RUNS = 3
"""Runs after the warm-up."""


def configure(usage: Usage) -> None:
    """Declare the options."""
    usage.add("name NAME", "a row, or some", nargs="?", default="")
    usage.add("--list", "name the rows; measure nothing")
    usage.json()


def run(args: Args, fields: Fields) -> int:
    """Measure and print."""
    known = rows()
    chosen = {name: row for name, row in known.items() if name.startswith(args.name)}
    if not chosen:
        raise unknown_name("benchmark", args.name, known)
    if args.list:
        for name, row in chosen.items():
            print(f"{name}  ({row.unit}, {row.better} is better)")
        return 0
    references = load_references()
    for name, row in chosen.items():
        if not args.json:
            print(f"{name} ...", file=sys.stderr, flush=True)
        result = measure(name, row, references)
        print(json.dumps(result) if args.json else line(result), flush=True)
    return 0


def rows() -> dict[str, Row]:
    """All rows by name, from the modules of ``foreworld.bench``."""
    found: dict[str, Row] = {}
    for file in sorted(files("foreworld.bench").iterdir(), key=lambda f: f.name):
        stem, dot, kind = file.name.partition(".")
        if dot + kind == ".py" and stem not in ("__init__", "base"):
            found.update(importlib.import_module(f"foreworld.bench.{stem}").ROWS)
    return found


def load_references() -> dict[str, dict[str, Any]]:
    """What other tools reached, by row: value, unit and source."""
    text = files("foreworld.bench").joinpath("references.json").read_text("utf-8")
    return json.loads(text)


def measure(name: str, row: Row, references: dict[str, Any]) -> dict[str, Any]:
    """One row's result.

    Parameters
    ----------
    name
        Of the row.
    row
        What is measured, in which unit.
    references
        What other tools reached, by row: ``value`` in the row's unit, and ``source``.

    Raises
    ------
    ForeworldError
        The row gave fewer runs than a median needs.
    """
    measured = row.measure()
    if len(measured.values) < MIN_RUNS:
        raise ForeworldError(
            f"{name} gave {len(measured.values)} runs; a median needs {MIN_RUNS}."
        )
    value = statistics.median(measured.values)
    reference, ratio = references.get(name, {}), None
    if reference:
        other = reference["value"]
        ratio = value / other if row.better == "higher" else other / value
    return {
        "name": name,
        "value": value,
        "unit": row.unit,
        "reference": reference.get("value"),
        "source": reference.get("source"),
        "ratio": ratio,
        "runs": list(measured.values),
        "compile_s": measured.compile_s,
    }


def line(result: dict[str, Any]) -> str:
    """A result for people."""
    spread = f"{min(result['runs']):,.4g} to {max(result['runs']):,.4g}"
    against = (
        f", {result['ratio']:.3g}x {result['source'].partition(' ')[0].rstrip(',:')}"
        if result["ratio"] is not None
        else ""
    )
    return (
        f"{result['name']:<24} {result['value']:>12,.4g} {result['unit']}{against} "
        f"({len(result['runs'])} runs, {spread}; compiled in "
        f"{result['compile_s']:.1f} s)"
    )
