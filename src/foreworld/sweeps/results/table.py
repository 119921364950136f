"""Results as one long table for other tools: a row for each measured number.

Columns: study, world (or data set), learner, point, the swept fields, seed, metric,
step, horizon, failed and value.
"""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foreworld.core.disk.folder import write_file
from foreworld.core.errors import ConfigError
from foreworld.core.parts.config import from_json
from foreworld.core.plain import plain
from foreworld.sweeps.results.gather import gather, swept
from foreworld.sweeps.study.find import study_path
from foreworld.train.parameters import part_name, source_name

if TYPE_CHECKING:
    import xarray

_FORMULAS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
"""Signs that begin a formula, in both of their widths."""
_STEPS = ("step", "val_step")
_LAST = ("seed", "metric", "step", "horizon", "failed", "value")


def write_csv(study: Any, path: str | Path) -> Path:
    """Write the table as CSV.

    Parameters
    ----------
    study
        A study or run, its folder or its name, finished or not.
    path
        The file; replaced if it is there.
    """
    dataset = gather(study_path(study))
    names = columns(dataset)

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(map(_cell, names))
            for block in blocks(dataset):
                values = (map(_cell, block[name].tolist()) for name in names)
                writer.writerows(zip(*values, strict=True))

    write_file(Path(path), write)
    return Path(path)


def write_parquet(study: Any, path: str | Path) -> Path:
    """Write the table as Parquet.

    Parameters
    ----------
    study
        A study or run, its folder or its name, finished or not.
    path
        The file; replaced if it is there.

    Raises
    ------
    ConfigError
        The package that writes it is not installed.
    """
    try:
        pyarrow = importlib.import_module("pyarrow")
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise ConfigError(
            "Parquet needs the package pyarrow, which is not installed. Install it "
            "with: pip install 'foreworld[parquet]', or export to csv."
        ) from error
    dataset = gather(study_path(study))
    tables = [
        pyarrow.table({n: _arrow(pyarrow, v) for n, v in block.items()})
        for block in blocks(dataset)
    ]
    if not tables:
        raise ConfigError(f"{study_path(study)} has measured nothing yet.")
    table = pyarrow.concat_tables(tables)
    write_file(Path(path), lambda file: parquet.write_table(table, file))
    return Path(path)


def columns(dataset: xarray.Dataset) -> list[str]:
    """Names of the columns, in their order."""
    own = [name for name in swept(dataset) if name not in ("world", "learner")]
    return ["study", "world", "learner", "point", *own, *_LAST]


def blocks(dataset: xarray.Dataset) -> Iterator[dict[str, np.ndarray]]:
    """The table, one metric at a time; what was not measured (NaN) has no row."""
    base = from_json(str(dataset.attrs["base"]))
    world = source_name(base)
    study, learner = str(dataset.attrs["study"]), part_name(base.learner)
    for metric, array in dataset.data_vars.items():
        if set(array.dims[2:]) - {*_STEPS, "horizon"}:
            continue
        places = np.nonzero(np.isfinite(array.values))
        if not len(places[0]):
            continue
        at = dict(zip(array.dims, places, strict=True))
        point, seed = at["point"], at["seed"]
        same = {"study": study, "world": world, "learner": learner}
        found = {name: np.full(len(point), text, object) for name, text in same.items()}
        found |= {name: dataset.coords[name].values[point] for name in swept(dataset)}
        found |= {n: np.full(len(point), None, object) for n in ("step", "horizon")}
        found["metric"] = np.full(len(point), str(metric), object)
        found |= {"point": point, "seed": seed, "value": array.values[places]}
        found["failed"] = dataset["failed"].values[point, seed]
        for dim in array.dims[2:]:
            name = "step" if dim in _STEPS else "horizon"
            found[name] = dataset[dim].values[at[dim]]
        yield {name: found[name] for name in columns(dataset)}


def _cell(value: Any) -> Any:
    """A value in a CSV; a text that a spreadsheet would take for a formula is quoted.

    Spreadsheets run what begins with these signs, also on files that were sent to them.
    """
    if not isinstance(value, str):
        return value
    text = plain(value)
    return f"'{text}" if text.lstrip()[:1] in _FORMULAS else text


def _arrow(pyarrow: Any, values: np.ndarray) -> Any:
    if values.dtype != object:
        return pyarrow.array(values)
    # A column without a value in this block is one of whole numbers in others.
    kind = pyarrow.int64() if values[0] is None else pyarrow.string()
    return pyarrow.array(values.tolist(), kind)
