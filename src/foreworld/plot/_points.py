"""How points of a study are called in legends and tables."""

from __future__ import annotations

from typing import Any

from foreworld.sweeps.results.gather import swept


def point_labels(results: Any) -> list[str]:
    """One label a point: its swept values."""
    names = swept(results)
    columns = [[text(v) for v in results.coords[name].values] for name in names]
    rows = zip(*columns, strict=True) if columns else [()] * results.sizes["point"]
    short = [plain(name) for name in names]
    return [
        ", ".join(f"{name} {value}" for name, value in zip(short, row, strict=True))
        or "all seeds"
        for row in rows
    ]


def plain(name: str) -> str:
    """A hyperparameter's name for people: ``learner.learning_rate`` without either."""
    return name.removeprefix("learner.").replace("_", " ")


def text(value: Any) -> str:
    """A hyperparameter for people: 0.0025, 32, gru."""
    value = getattr(value, "item", lambda: value)()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
