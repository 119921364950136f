"""A study with changes: other values, another seed, more seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    given = {full_path(path): value for path, value in fields.items()}
    if seed is not None:
        given["seed"] = seed
    base = study.base
    for path, value in given.items():
        base = base.set(path, value)
    fixed = {key: base.get(key) for key in study.over if full_path(key) in given}
    over = {key: values for key, values in study.over.items() if key not in fixed}
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
