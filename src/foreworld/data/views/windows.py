"""Windows of switching series: a query, the windows before it, and what was switched.

``split.windows()`` views series that are stored as sequences (columns ``signal``,
``mode`` and ``state``) as samples: each has a query of ``window`` steps and
``num_context`` context windows, which overlap each other (shifted by one step) and end
one step before the query begins. Train, validation and test follow each other in time
with a gap, so that they share no step, and signals are z-scored by the training part.

Source: the windows of github.com/qu-gg/slvm-data-generation, whose splits share steps
and whose statistics know the test part (:mod:`foreworld.compat.windows` has those).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.parts.limits import Count
from foreworld.core.parts.types import checked
from foreworld.data.format.recipe import SPLITS
from foreworld.data.views.loader import Loader, Shuffled
from foreworld.data.views.rows import AbstractRows
from foreworld.data.views.series import Series, WindowSource

Samples = tuple[Int[np.ndarray, " sample"], Int[np.ndarray, " sample"]]
"""Which series each sample is of, and where its query begins."""
_NEEDED = ("mode", "state")


class Windows:
    """Windows of the series of a split, divided in time.

    Parameters
    ----------
    table
        A split whose sequences are the series.
    window
        Steps of a query and of a context window.
    num_context
        Context windows of a query.
    fractions
        Of the steps (gaps left out) to train on, to choose by and to report.
    gap
        Steps between two parts that no sample uses; ``None`` for the span of a
        sample, ``2 window + num_context - 1``, which is the least.
    normalise
        Z-score each signal by mean and standard deviation of the training part.
    samples
        Samples of each part, in place of parts divided in time; statistics are then
        those of all steps.

    Attributes
    ----------
    mean, std
        Statistics that signals were z-scored with.

    Raises
    ------
    ConfigError
        The split holds no switching series, or they are too short.
    """

    def __init__(
        self,
        table: AbstractRows,
        window: int = 7,
        num_context: int = 3,
        *,
        fractions: Sequence[float] = (0.8, 0.1, 0.1),
        gap: int | None = None,
        normalise: bool = True,
        samples: Mapping[str, Samples] | None = None,
    ) -> None:
        signal, mode, latent = _read(table)
        self.window = checked("window", window, Count)
        self.num_context = checked("num_context", num_context, Count)
        self._where = repr(table)
        num_series, length = signal.shape[:2]
        self._check(length)
        known = signal
        if samples is None:
            parts = self._divide(length, fractions, gap)
            known = signal[:, parts["train"]]
            samples = {
                name: samples_in(part, num_series, self.window, self.num_context)
                for name, part in parts.items()
            }
        self._samples = samples
        known = known.astype(np.float64)
        self.mean, self.std = np.zeros(known.shape[-1]), np.ones(known.shape[-1])
        if checked("normalise", normalise, bool):
            self.mean, std = known.mean(axis=(0, 1)), known.std(axis=(0, 1))
            self.std = np.where(std > 0, std, 1.0)
        scored = ((signal - self.mean) / self.std).astype(np.float32)
        self.series = Series(scored, mode.astype(np.int16), latent.astype(np.float32))

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts that have samples, in the order of splits."""
        return tuple(n for n in SPLITS if n in self._samples)

    @property
    def train(self) -> WindowSplit:
        """Samples to train on."""
        return self.split("train")

    @property
    def val(self) -> WindowSplit:
        """Samples to choose by."""
        return self.split("val")

    @property
    def test(self) -> WindowSplit:
        """Samples to report."""
        return self.split("test")

    def split(self, name: str) -> WindowSplit:
        """Samples of a part, series after series.

        Raises
        ------
        UnknownNameError
            No such part.
        ConfigError
            The part is empty.
        """
        if name not in SPLITS:
            raise unknown_name("split", name, SPLITS)
        series, start = self._samples.get(name, (np.zeros(0), np.zeros(0)))
        if not len(start):
            raise ConfigError(
                f"the windows of {self._where} have no {name} samples. Give that part "
                f"a larger one of the fractions."
            )
        return WindowSplit(self, name, series, start)

    def __repr__(self) -> str:
        num = f"{self.num_context} + 1 windows"
        return f"{num} of {self.window} steps of {self._where}"

    def _check(self, length: int) -> None:
        needed = 3 * self.window + self.num_context + 1
        if length < needed:
            raise ConfigError(
                f"window={self.window} with num_context={self.num_context} needs "
                f"series of at least {needed} steps, but those of {self._where} have "
                f"{length}. Choose shorter windows, or generate longer series."
            )

    def _divide(
        self, length: int, fractions: Sequence[float], gap: int | None
    ) -> dict[str, slice]:
        """Steps of each part."""
        span = 2 * self.window + self.num_context - 1
        between = span if gap is None else checked("gap", gap, int)
        if between < span:
            raise ConfigError(
                f"gap={gap} must be at least {span}, the steps that a sample spans: "
                f"otherwise train and test could share some."
            )
        shares = checked("fractions", fractions, tuple[float, ...])
        if (
            len(shares) != len(SPLITS)
            or min(shares) < 0
            or not shares[0]
            or abs(sum(shares) - 1) > 1e-6
        ):
            raise ConfigError(
                f"fractions={shares} must be three numbers (train, val, test) "
                f"that add up to 1, the first one above 0."
            )
        used = {n: s for n, s in zip(SPLITS, shares, strict=True) if s}
        free = length - between * (len(used) - 1)
        needed = 3 * self.window + self.num_context + 1
        parts, first = {}, 0
        for name, share in used.items():
            last = length if name == [*used][-1] else first + int(share * free)
            if last - first < needed:
                raise ConfigError(
                    f"the {name} part of {self._where} would have "
                    f"{max(last - first, 0)} of its {length} steps, but a sample needs "
                    f"{needed}. Change fractions, choose shorter windows or a smaller "
                    f"gap, or generate longer series."
                )
            parts[name] = slice(first, last)
            first = last + between
        return parts


def samples_in(part: slice, num_series: int, window: int, num_context: int) -> Samples:
    """All samples of some steps of all series, series after series.

    Parameters
    ----------
    part
        The steps.
    num_series
        How many series there are.
    window, num_context
        See :class:`Windows`.
    """
    steps = np.arange(part.start + window + num_context, part.stop - 2 * window)
    series = np.repeat(np.arange(num_series), len(steps))
    return series, np.tile(steps, num_series)


class WindowSplit:
    """Samples of one part, made when they are read.

    Batches are dictionaries: ``index``, ``queries`` ``(sample, step, signal)``,
    ``domains`` ``(sample, context, step, signal)``, ``labels`` ``(sample, step)`` and
    ``latents`` ``(sample, step, state)``, for every system alike.

    Parameters
    ----------
    windows
        The series, and how long windows are.
    name
        Which part it is: ``train``, ``val`` or ``test``.
    series
        Number of the series of each sample, ``(sample,)``.
    start
        Step at which its query begins, ``(sample,)``.
    """

    def __init__(
        self,
        windows: Windows,
        name: str,
        series: Int[np.ndarray, " sample"],
        start: Int[np.ndarray, " sample"],
    ) -> None:
        self.name, self.windows = name, windows
        self.series, self.start = series.astype(np.int32), start.astype(np.int32)

    def __len__(self) -> int:
        return len(self.start)

    def __repr__(self) -> str:
        return f"{len(self):,} {self.name} samples: {self.windows!r}"

    def __getitem__(self, index: Any) -> dict[str, Any]:
        rows = np.arange(len(self))[self._checked(index)]
        batch = self.batch(np.atleast_1d(rows))
        if np.ndim(rows):
            return batch
        return {name: values[0] for name, values in batch.items()}

    def _checked(self, index: Any) -> Any:
        """An index of samples: whole numbers, truths, slices; refused in words else."""
        if isinstance(index, slice):
            return index
        given = np.asarray(index)
        if (given.dtype.kind not in "iub" and given.size) or given.ndim > 1:
            raise ConfigError(
                f"samples are indexed by whole numbers, a slice or a truth for each, "
                f"not by {index!r}."
            )
        truths = given.dtype.kind == "b"
        if truths and given.shape != (len(self),):
            raise IndexError(f"{given.size} truths for {len(self):,} samples.")
        wrong = given[(given < -len(self)) | (given >= len(self))]
        if wrong.size and not truths:
            raise IndexError(
                f"there is no sample {wrong[0]}: {self!r} has 0 to {len(self) - 1:,}."
            )
        return given if given.size else given.astype(int)

    def batch(self, rows: Sequence[int] | np.ndarray) -> dict[str, np.ndarray]:
        """Samples by their numbers."""
        numbers, windows = self._checked(rows), self.windows
        index = np.arange(len(self))[numbers]
        found = windows.series.windows(
            self.series[index], self.start[index], windows.window, windows.num_context
        )
        return {"index": index, **found}

    def loader(
        self,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ) -> Loader:
        """Batches of samples.

        Parameters
        ----------
        batch_size
            Samples in a batch.
        shuffle, seed, drop_last, rank, world_size
            As for the loaders of splits, see
            :class:`~foreworld.data.views.loader.Shuffled`.
        """
        order = Shuffled(
            len(self),
            batch_size,
            shuffle=shuffle,
            seed=seed,
            drop_last=drop_last,
            rank=rank,
            world_size=world_size,
            of=(self.name, "samples"),
        )
        return Loader(order, self._read)

    def device(self) -> WindowSource:
        """The same for programs."""
        series, windows = self.windows.series, self.windows
        return WindowSource(
            signal=jnp.asarray(series.signal),
            mode=jnp.asarray(series.mode),
            latent=jnp.asarray(series.latent),
            series=jnp.asarray(self.series),
            start=jnp.asarray(self.start),
            window=windows.window,
            num_context=windows.num_context,
        )

    def _read(self, item: tuple[int, Int[np.ndarray, " sample"]]) -> dict[str, Any]:
        return self.batch(item[1])


def _read(table: AbstractRows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signal, mode and state of all sequences."""
    lacking = [name for name in _NEEDED if name not in table.columns]
    if lacking:
        raise ConfigError(
            f"{table!r} holds no switching series: it has no column "
            f"{' and no '.join(lacking)}. Lorenz, NASCAR and the switching double "
            f"pendulum have them."
        )
    name = "signal" if "signal" in table.columns else "state"
    whole = slice(None)
    mode = np.asarray(table.read("mode", whole))
    return (
        np.asarray(table.read(name, whole)),
        mode.reshape(mode.shape[:2]),
        np.asarray(table.read("state", whole)),
    )
