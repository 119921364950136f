"""Data sets of a generator on the host: same rows in any pieces, and refusals."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foreworld as fw
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.spaces import Discrete
from foreworld.data import AbstractGenerator, Column, TaskRecipe
from foreworld.data.format.check import check_dataset
from foreworld.data.making.generate import work
from foreworld.data.reading.dataset import DataSet, open_dataset
from foreworld.testing.checks import CheckError
from foreworld.testing.faults import killing
from foreworld.testing.generators import RandomWalks, check_generator
from foreworld.testing.probes import ProbeWorld
from foreworld.users.random_policy import RandomPolicy
from tests.data.small import digests
from tests.faults.verbs import sealed

SIZES = {"train": 20, "val": 3, "chunk_len": 4, "shard_len": 8, "quiet": True}


class Shaped(AbstractGenerator):
    """Columns as a test wants them."""

    way: str = "good"

    @property
    def columns(self) -> tuple[Column, ...]:
        return SCHEMAS.get(self.way, SCHEMAS["good"])

    @property
    def spaces(self) -> dict[str, Any]:
        return {"tall": Discrete(3)} if self.way == "no such space" else {}

    def make(self, first: int, count: int, keys: np.ndarray) -> Any:
        rows = {
            "size": keys[:, 0].astype(np.float32),
            "list": [np.arange(i % 3) for i in range(first, first + count)],
        }
        return WAYS.get(self.way, lambda rows, count: rows)(rows, count)


_SIZE = Column("size", (), "float32", axis="none")
_LIST = Column("list", (2,), "int64", axis="ragged")
SCHEMAS = {
    "good": (_SIZE, _LIST),
    "none": (),
    "twice": (_SIZE, _SIZE),
    "within": (_SIZE, Column("size/of", (), "float32", axis="none")),
    "no axis": (Column("size", (), "float32"),),
    "taken": (Column("lengths/size", (), "float32", axis="none"),),
    "no length": (Column("list", (), "float32", axis="ragged"),),
    "other axis": (Column("size", (), "float32", axis="raged"),),  # type: ignore
    "text": (Column("size", (), "<U3", axis="none"),),
    "known": (Column("state", (4, 2), "float32", axis="ragged"),),
    "dtype": (Column("reward", (4,), "float64"),),
    "axes": (Column("valid", (4, 1), "bool"),),
    "no valid": (Column("state", (4, 2), "float32"),),
    "unequal": (Column("valid", (4,), "bool"), Column("reward", (4,), "float32")),
    "action": (Column("valid", (4,), "bool"), Column("action", (3,), "int32")),
}
"""Columns of a generator, by what is wrong with them."""
WAYS: dict[str, Callable[[dict[str, Any], int], Any]] = {
    "a list": lambda rows, count: list(rows),
    "other names": lambda rows, count: {"size": rows["size"]},
    "other dtype": lambda rows, count: rows | {"size": rows["size"].astype(float)},
    "other shape": lambda rows, count: rows | {"size": rows["size"][:, None]},
    "fewer": lambda rows, count: rows | {"size": rows["size"][1:]},
    "fewer rows": lambda rows, count: rows | {"list": rows["list"][1:]},
    "an array": lambda rows, count: rows | {"list": np.zeros((count, 2), int)},
    "too long": lambda rows, count: rows | {"list": [np.arange(3)] * count},
    "row dtype": lambda rows, count: rows | {"list": [np.zeros(1)] * count},
    "not finite": lambda rows, count: rows | {"size": rows["size"] * np.float32("nan")},
    "by place": lambda rows, count: rows | {"size": np.arange(count, dtype="float32")},
}
"""What ``make`` gives, by what is wrong with it."""


def everything(data: DataSet) -> dict[str, Any]:
    """All values of a data set."""
    found = {}
    for split in (data.train, data.val):
        for name in split.columns:
            values = getattr(split, name)[:]
            if name in split.ragged:
                found[split.name, name, "lengths"] = values.lengths.tobytes()
                values = values.values
            found[split.name, name] = values.dtype, values.shape, values.tobytes()
    return found


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished data set; nobody writes into it."""
    folder = tmp_path_factory.mktemp("walks") / "data"
    fw.generate(RandomWalks(), folder, **SIZES)
    return folder


def test_it_is_a_data_set_like_any_other(walks: Path) -> None:
    data = fw.load(walks)
    assert check_dataset(walks) == []
    assert repr(data).endswith(
        "RandomWalks(); train 20, val 3 sequences; seed 0"
    ) and data.identity.endswith("-seed0-20+3+0")
    assert sorted(data.train.columns) == ["drift", "index", "key", "upwards", "walk"]
    assert data.train.drift[:].std() > 0.5 and data.families == {}
    assert data.train.index[:].tolist() == list(range(20))
    lengths = data.train.walk[:].lengths
    assert lengths.min() == 0 and lengths.max() == 12
    with pytest.raises(ConfigError, match="RandomWalks is a generator: there is no wo"):
        print(data.family)
    with pytest.raises(ConfigError, match="have no frames: there is no column valid, "):
        print(data.train.num_frames)
    with pytest.raises(ConfigError, match="is a data set of RandomWalks, not of TMaze"):
        open_dataset(walks, "tmaze")


def test_rows_are_the_same_in_any_pieces(walks: Path, tmp_path: Path) -> None:
    expected = everything(fw.load(walks))
    for chunk, shard, store in ((1, 3, "hdf5"), (20, 20, "npz"), (5, 250, "hdf5")):
        folder = tmp_path / f"{chunk}"
        pieces = {"chunk_len": chunk, "shard_len": shard, "store": store}
        data = fw.generate(RandomWalks(), folder, **{**SIZES, **pieces})
        assert everything(data) == expected and data.identity == fw.load(walks).identity
    more = fw.generate(RandomWalks(), tmp_path / "more", **{**SIZES, "train": 30})
    assert np.array_equal(
        more.train.walk[:20].values, fw.load(walks).train.walk[:].values
    )
    other = fw.generate(RandomWalks(), tmp_path / "other", **SIZES, seed=1)
    assert not np.array_equal(other.train.drift[:], fw.load(walks).train.drift[:])


def test_the_row_is_a_function_of_its_key(walks: Path) -> None:
    train = fw.load(walks).train
    made = RandomWalks().make(7, 1, train.key[7:8])
    assert np.array_equal(made["walk"][0], train.walk[7])
    assert np.array_equal(made["drift"][0], train.drift[7])


def test_killed_and_run_again(walks: Path, tmp_path: Path) -> None:
    for number in range(1, 10**6, 11):
        folder = tmp_path / str(number)
        with killing(number) as disk:
            fw.generate(RandomWalks(), folder, **SIZES)
        fw.generate(RandomWalks(), folder, **SIZES)
        assert sealed(folder) == sealed(walks)
        if not disk.struck:
            break
    assert number > 20


def test_a_worker_makes_what_is_missing(walks: Path, tmp_path: Path) -> None:
    made = fw.generate(RandomWalks(), tmp_path / "data", **SIZES)
    (made.path / "manifest.json").unlink()
    (made.path / "train" / "shard-00001.h5").unlink()
    work(made.path)
    assert digests(made.path) == digests(walks)


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("none", "Shaped.columns is empty: a row has one column at least."),
        ("twice", "Shaped.columns: size is there twice."),
        ("within", "Shaped.columns: size is there twice."),
        (
            "no axis",
            "Shaped.columns: size is none of the format's own: say its axis ('none', "
            "'ragged', 'frame', 'step').",
        ),
        (
            "taken",
            "Shaped.columns: the name lengths/size is taken: it is written beside what "
            "is made.",
        ),
        (
            "no length",
            "Shaped.columns: list is ragged: its shape begins with the number of "
            "entries that a row has at most, 1 or more, got ().",
        ),
        (
            "other axis",
            "Shaped.columns: the axis of size is 'raged', and may be one of",
        ),
        ("text", "Shaped.columns: size is '<U3', and may be bool, float16, float32, "),
        (
            "known",
            "Shaped.columns: state has a meaning of its own in the data format: leave "
            "axis='ragged' out, or call it otherwise.",
        ),
        (
            "dtype",
            "Shaped.columns: reward is float32 in the data format, got float64.",
        ),
        (
            "axes",
            "Shaped.columns: valid has 1 axes in the data format (time), got (4, 1).",
        ),
        (
            "no valid",
            "Shaped.columns: state has frames, so valid has to say which of them count",
        ),
        (
            "unequal",
            "Shaped.columns: reward of shape (4,) must have 3 entries, as valid has 4 "
            "frames.",
        ),
        (
            "action",
            "Shaped.spaces has nothing for action: say what actions may be, for "
            "example Discrete(4).",
        ),
        (
            "no such space",
            "Shaped.spaces names 'tall', which is no column; there are size, list.",
        ),
    ],
)
def test_a_schema_that_cannot_be(way: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        fw.generate(Shaped(way), tmp_path / "data", train=3, quiet=True)
    assert str(caught.value).startswith(said)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("a list", "gave list, but a dictionary of arrays by column is wanted."),
        (
            "other names",
            "gave size, but its schema has size, list. Give those, or change its "
            "columns.",
        ),
        (
            "other dtype",
            "gave size as float64[3], but its schema wants float32[3]. Give that, or "
            "change its columns.",
        ),
        ("other shape", "gave size as float32[3, 1], but its schema wants float32[3]."),
        ("fewer", "gave size as float32[2], but its schema wants float32[3]."),
        ("fewer rows", "gave 2 rows of list, but 3 are wanted."),
        (
            "an array",
            "gave list as ndarray, but it is ragged: give a list of 3 arrays, one for "
            "each row.",
        ),
        (
            "too long",
            "gave row 0 of list 3 entries, but its schema allows 0 to 2. Give fewer, "
            "or a column for more.",
        ),
        (
            "row dtype",
            "row 0: gave list as float64[1], but its schema wants int64[1].",
        ),
        ("not finite", "for train gave nan in size; numbers of a data set are finite."),
        (
            "by place",
            "gives other values of size for 3 rows at once than for the same rows one "
            "by one. A row may depend on its key and its index alone",
        ),
    ],
)
def test_rows_that_are_not_what_the_schema_says(
    way: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ForeworldError) as caught:
        fw.generate(Shaped(way), tmp_path / "data", train=3, quiet=True)
    assert str(caught.value).startswith("Shaped.make") and said in str(caught.value)
    assert not (tmp_path / "data").exists()


def test_what_only_worlds_have_is_refused() -> None:
    for fields in ({"num_frames": 9}, {"policy": RandomPolicy(ProbeWorld())}):
        with pytest.raises(ConfigError, match="RandomWalks is a generator, which says"):
            TaskRecipe(RandomWalks(), train=3, **fields)


def test_the_contract_check() -> None:
    for generator in (RandomWalks(), Shaped()):
        check_generator(generator)
    with pytest.raises(CheckError, match=r"for rows at once and in pieces: \['size'\]"):
        check_generator(Shaped("by place"))
    with pytest.raises(CheckError, match="gave size as float64"):
        check_generator(Shaped("other dtype"))
