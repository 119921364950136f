"""A study with changes: other values, another seed, more seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foreworld.core.errors import ConfigError
from foreworld.sweeps.study import axes
from foreworld.sweeps.study.study import Study
from foreworld.train.parameters import full_path


def changed(
    study: Study,
    fields: Mapping[str, Any],
    seeds: int | None = None,
    seed: int | None = None,
) -> Study:
    """The same study with other values.

    Parameters
    ----------
    study
        The study to start from, which stays as it is.
    fields
        Values by dotted path, a bare name being the learner's field. A swept field
        that is given a value is swept no longer.
    seeds
        Runs of each point; with more, the first ones keep their random numbers.
    seed
        Root seed, from 0 to 2^32 - 1.

    Raises
    ------
    ConfigError
        A field that does not exist, or a value that is not allowed.
    """
    given = {full_path(study.base.whole(path)): value for path, value in fields.items()}
    if seed is not None:
        given["seed"] = seed
    for path in given:
        wider = [key for key in study.swept if path.startswith(f"{full_path(key)}.")]
        if wider:
            raise ConfigError(
                f"{path} cannot be given: the study sweeps {wider[0]!r}, which "
                f"contains it. Give {wider[0]!r} whole, or change the study."
            )
    base = study.base
    for path, value in given.items():
        base = base.set(path, value)
    fixed = {key: base.get(key) for key in study.swept if full_path(key) in given}
    over: dict[Any, list[Any]] = {}
    for key, values in study.over.items():
        rows = [dict(axes.fields_and_values(key, value)) for value in values]
        left = tuple(field for field in axes.fields_of(key) if field not in fixed)
        if left:
            # What changed together with a fixed field may now be there twice.
            rest = [tuple(row[field] for field in left) for row in rows]
            rest = [row for i, row in enumerate(rest) if row not in rest[:i]]
            over[left] = rest if len(left) > 1 else [row[0] for row in rest]
    # What the rules still say: one that no longer can match is dropped, and one on
    # fixed fields alone too, since their values were asked for explicitly.
    rules = [
        {key: list(choices) for key, choices in rule.items() if key not in fixed}
        for rule in study.exclude
        if all(value in rule.get(key, (value,)) for key, value in fixed.items())
    ]
    rules = [rule for rule in rules if rule]
    seeds = study.seeds if seeds is None else seeds
    return Study(study.name, base, over, rules, seeds)
