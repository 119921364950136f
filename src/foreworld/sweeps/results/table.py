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
from foreworld.sweeps.results.gather import gather
from foreworld.sweeps.study.find import study_path
from foreworld.train.parameters import Parameters, part_name

if TYPE_CHECKING:
    import xarray

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
            writer.writerow(names)
            for block in blocks(dataset):
                writer.writerows(
                    zip(*(block[name].tolist() for name in names), strict=True)
                )

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
    return ["study", "world", "learner", "point", *_swept(dataset), *_LAST]


def blocks(dataset: xarray.Dataset) -> Iterator[dict[str, np.ndarray]]:
    """The table, one metric at a time; what was not measured (NaN) has no row."""
    base = from_json(str(dataset.attrs["base"]))
    for name, array in dataset.data_vars.items():
        extra = [dim for dim in array.dims[2:] if dim not in _STEPS]
        if extra not in ([], ["horizon"]):
            continue
        values = array.values
        places = np.nonzero(np.isfinite(values))
        if len(places[0]):
            yield _block(dataset, base, str(name), array.dims, values, places)


def _block(
    dataset: xarray.Dataset,
    base: Parameters,
    metric: str,
    dims: tuple[Any, ...],
    values: np.ndarray,
    places: tuple[np.ndarray, ...],
) -> dict[str, np.ndarray]:
    at = dict(zip(dims, places, strict=True))
    num, point = len(places[0]), at["point"]

    def same(value: Any) -> np.ndarray:
        return np.full(num, value, object)

    found = {
        "study": same(str(dataset.attrs["study"])),
        "world": same(_where(base)),
        "learner": same(part_name(type(base.learner))),
        "point": point,
    }
    for name in _swept(dataset):
        found[name] = dataset.coords[name].values[point]
    found["seed"] = at["seed"]
    found["metric"] = same(metric)
    steps = next((dim for dim in dims if dim in _STEPS), None)
    for name, axis in (("step", steps), ("horizon", "horizon")):
        known = axis is not None and axis in at
        found[name] = dataset[axis].values[at[axis]] if known else same(None)
    found["failed"] = dataset["failed"].values[point, at["seed"]]
    found["value"] = values[places]
    for name in ("world", "learner"):
        if name in dataset.coords:
            found[name] = dataset.coords[name].values[point]
    return {name: found[name] for name in columns(dataset)}


def _swept(dataset: xarray.Dataset) -> list[str]:
    """Swept fields; the world and the learner have columns anyway."""
    return [
        str(name)
        for name, array in dataset.coords.items()
        if array.dims == ("point",) and name not in ("point", "world", "learner")
    ]


def _where(base: Parameters) -> str:
    if base.world is not None:
        return part_name(type(base.world))
    return Path(base.data.path).name if base.data is not None else ""


def _arrow(pyarrow: Any, values: np.ndarray) -> Any:
    if values.dtype != object:
        return pyarrow.array(values)
    # A column without a value in this block is one of whole numbers in others.
    kind = pyarrow.int64() if values[0] is None else pyarrow.string()
    return pyarrow.array(values.tolist(), kind)
