"""Reads old-style ``hparams`` files, a dictionary of command-line options, as studies.

Such a file holds ``hparams = {"file_name": ..., "entry": ..., "args": [{...}, ...],
"exclude": {...}}``. A list is an axis of programs, a text of numbers with blanks
between them an axis inside a program. Points keep the order of that reader: axes of
programs in the order written, then the names of the grid sorted, the last one fastest.

Source: POBAX, Tao et al. 2025, arXiv 2508.00046: its sweep files and PPO options.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from foreworld.compat.networks.pobax import Pobax
from foreworld.core.errors import ConfigError, unknown_name
from foreworld.learners.ppo.ppo import PPO
from foreworld.sweeps.study import _options
from foreworld.sweeps.study.study import Study
from foreworld.train.parameters import Parameters
from foreworld.worlds.base import AbstractWorld

GRID = ("entropy_coeff", "lambda0", "lambda1", "ld_weight", "lr", "vf_coeff")
"""Options whose values a text of numbers may sweep inside a program, sorted."""
_ENTRIES = ("file_name", "entry", "args", "exclude")
_SEEDS, _SEED = 5, 2020


@dataclass(frozen=True)
class OldStyle:
    """What an old-style file asks for.

    Attributes
    ----------
    studies
        One for each dictionary of ``args``.
    notes
        What was left out, and why, one line each.
    """

    studies: tuple[Study, ...]
    notes: tuple[str, ...]


@dataclass
class _Axes:
    """Options of one dictionary, sorted by what they become."""

    programs: dict[str, list[Any]] = field(default_factory=dict)
    grid: dict[str, list[float]] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_hparams(hparams: Any, name: str) -> OldStyle:
    """The studies of an ``hparams`` dictionary.

    Parameters
    ----------
    hparams
        The dictionary.
    name
        Stem of its file, the name of the study unless ``study_name`` is given.

    Raises
    ------
    ConfigError
        It is no such dictionary, or asks for what no learner here has; says what.
    """
    if not isinstance(hparams, Mapping) or not isinstance(hparams.get("args"), list):
        raise ConfigError(
            "hparams must be a dictionary with a list of dictionaries under 'args'."
        )
    for key in hparams:
        if key not in _ENTRIES:
            raise unknown_name("entry of hparams", str(key), _ENTRIES)
    entry = str(hparams.get("entry", "ppo"))
    if "ppo" not in entry or "transformer" in entry:
        raise ConfigError(
            f"hparams['entry'] is {entry!r}: only PPO files can be read, whose entry "
            f"contains 'ppo'."
        )
    several, exclude = hparams["args"], hparams.get("exclude") or {}
    studies, notes = [], []
    for i, args in enumerate(several):
        axes = _sort(args)
        own = str(args.get("study_name", name)) + (f"_{i}" if len(several) > 1 else "")
        studies.append(_study(own, axes, exclude))
        notes += axes.notes
    if not studies:
        raise ConfigError("hparams['args'] is empty: it must hold a dictionary.")
    return OldStyle(tuple(studies), tuple(dict.fromkeys(notes)))


def grid_rows(grid: Mapping[str, Sequence[float]]) -> list[dict[str, float]]:
    """Settings of a program in their order: names sorted, the last one fastest."""
    names = sorted(grid)
    return [
        dict(zip(names, values, strict=True))
        for values in itertools.product(*(grid[name] for name in names))
    ]


def bin_rows(rows: Sequence[Any], num_bins: int, index: int) -> Sequence[Any]:
    """One of several bins of equal length, in the order of the rows.

    Parameters
    ----------
    rows
        All settings, in their order.
    num_bins
        How many bins; must divide the number of rows.
    index
        Which bin, from 0.

    Raises
    ------
    ConfigError
        Rows cannot be cut into so many equal bins, or there is no such bin.
    """
    if num_bins < 1 or len(rows) % num_bins:
        raise ConfigError(
            f"n_run_bins={num_bins}: {len(rows)} settings cannot be cut into so many "
            f"bins of equal length."
        )
    if not 0 <= index < num_bins:
        raise ConfigError(f"run_bin_idx={index} is not one of 0 to {num_bins - 1}.")
    size = len(rows) // num_bins
    return rows[index * size : (index + 1) * size]


def _sort(args: Any) -> _Axes:
    """What each option of a dictionary is: an axis, a fixed value, or nothing."""
    if not isinstance(args, Mapping):
        raise ConfigError(f"hparams['args'] must hold dictionaries, got {args!r}.")
    axes, lacking = _Axes(), []
    two_critics = _listed(args.get("double_critic", False))
    for name, given in args.items():
        values = _listed(given)
        if name in _options.BOOKKEEPING:
            continue
        if name in _options.TWO_CRITICS:
            if name != "double_critic" and not any(two_critics):
                reason = "it does nothing without double_critic"
                axes.notes.append(f"{name} is left out: {reason}.")
            elif name == "double_critic" and all(values):
                lacking.append(f"{name}={values[0]!r} (a second critic)")
            elif name == "double_critic" and any(values):
                axes.notes.append(f"{name}=True is left out: ppo has one critic.")
        elif name not in (
            *_options.PATHS,
            *_options.OF_WORLD,
            *GRID,
            *_options.WHOLE,
        ):
            lacking.append(f"{name}={given!r}")
            continue
        if name == "double_critic":
            continue
        if isinstance(given, str) and name in GRID:
            axes.grid[name] = [_number(name, word) for word in given.split()]
        elif len(values) == 1:
            axes.fixed[name] = values[0]
        else:
            axes.programs[name] = values
    if args.get("sweep_type", "grid") != "grid":
        lacking.append(f"sweep_type={args['sweep_type']!r}")
    if lacking:
        raise ConfigError(
            f"ppo lacks {', '.join(lacking)}. Remove this from the file to run the "
            f"rest; 'foreworld show ppo' lists what there is."
        )
    return axes


def _study(name: str, axes: _Axes, exclude: Mapping[str, Any]) -> Study:
    fixed = dict(axes.fixed)
    num_bins, index = fixed.pop("n_run_bins", 1), fixed.pop("run_bin_idx", 0)
    seeds, seed = int(fixed.pop("n_seeds", _SEEDS)), int(fixed.pop("seed", _SEED))
    given = dict(fixed)
    worlds = _worlds(axes, fixed)
    made = list(worlds.values())
    rules = _rules(axes, given, exclude, worlds)
    rules += _left_out(axes.grid, num_bins, index)
    single = {n: v[0] for n, v in axes.grid.items() if len(v) == 1}
    fields = dict(
        _options.translate(n, v)
        for n, v in {**fixed, **single}.items()
        if n not in _options.TWO_CRITICS
    )
    learner = PPO(network=Pobax())
    base = Parameters(made[0], learner, seed=seed, **fields)
    over: dict[str, list[Any]] = {}
    for old, values in axes.programs.items():
        if old in _options.OF_WORLD:
            over["world"] = made
        elif old not in _options.TWO_CRITICS:
            path = _options.path_of(old)
            over[path] = [_options.translate(old, value)[1] for value in values]
    for old in sorted(axes.grid):
        if len(axes.grid[old]) > 1 and old not in _options.TWO_CRITICS:
            over[_options.path_of(old)] = list(axes.grid[old])
    return Study(name, base, over, rules, seeds)


_Worlds = dict[tuple[Any, ...], AbstractWorld]


def _worlds(axes: _Axes, fixed: dict[str, Any]) -> _Worlds:
    """The worlds by the options that make one, which are one axis together.

    Takes these options out of ``fixed``.
    """
    values = [
        axes.programs.get(name) or [fixed.pop(name, None)] for name in _options.OF_WORLD
    ]
    return {one: _options.world_of(*one) for one in itertools.product(*values)}


def _rules(
    axes: _Axes,
    fixed: Mapping[str, Any],
    exclude: Mapping[str, Any],
    worlds: _Worlds,
) -> list[dict[str, Any]]:
    """The file's exclusion: a program falls when all named options have a value of it.

    Options with one value in this dictionary either always match or never.
    """
    rule: dict[str, Any] = {}
    for name, choices in exclude.items():
        wanted = _listed(choices)
        if name in axes.programs:
            if name in _options.OF_WORLD:
                which = _options.OF_WORLD.index(name)
                kept = [world for one, world in worlds.items() if one[which] in wanted]
                before = rule.get("world", kept)
                rule["world"] = [world for world in kept if world in before]
            else:
                found = [_options.translate(name, value)[1] for value in wanted]
                rule[_options.path_of(name)] = found
        elif name not in fixed:
            raise unknown_name("option in exclude", name, [*axes.programs, *fixed])
        elif fixed[name] not in wanted:
            return []
    if exclude and not rule:
        raise ConfigError("hparams['exclude'] removes every setting. Narrow it.")
    return [rule] if rule else []


def _left_out(
    grid: Mapping[str, list[float]], num_bins: int, index: int
) -> list[dict[str, Any]]:
    """Exclusions of the settings that are not in the bin."""
    rows = [
        tuple(
            (_options.path_of(name), value)
            for name, value in row.items()
            if len(grid[name]) > 1 and name not in _options.TWO_CRITICS
        )
        for row in grid_rows(grid)
    ]
    kept = set(bin_rows(rows, int(num_bins), int(index)))
    return [dict(row) for row in dict.fromkeys(rows) if row not in kept]


def _listed(value: Any) -> list[Any]:
    """A value of the file as a list: lists and arrays are axes of programs."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, list):
        return [value]
    if any(isinstance(item, list) for item in value):
        raise ConfigError(
            f"{value!r} is a list in a list. Write the values as one list, or as a "
            f"text with blanks between them."
        )
    return value


def _number(name: str, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise ConfigError(f"{name}: expected numbers, got {word!r}.") from None
