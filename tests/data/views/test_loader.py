"""Data loaders for PyTorch."""

import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.importing import import_data
from foreworld.data.reading.dataset import open_dataset
from foreworld.data.views.loader import Shuffled

pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    folder = tmp_path_factory.mktemp("torch")
    number = np.arange(26, dtype=np.uint8)
    image = np.broadcast_to(number[:, None, None, None, None], (26, 3, 4, 4, 1))
    np.savez(folder / "mine.npz", image=image, action=np.zeros((26, 2), np.int64))
    return import_data(
        folder / "mine.npz", folder / "out", val=0, test=0, quiet=True
    ).train


def epoch(loader):
    return [batch["index"].tolist() for batch in loader]


def test_batches_are_the_rows(split):
    import torch

    for batch in split.loader(4).torch():
        rows = batch["index"].numpy()
        assert set(batch) == {"image", "state", "action", "valid", "index"}
        assert batch["image"].dtype == torch.uint8
        np.testing.assert_array_equal(batch["image"], split.image[rows])


@pytest.mark.parametrize("num_workers", [0, 2])
def test_no_duplicates_epochs_differ_seeds_repeat(split, num_workers):
    loader = split.loader(4, seed=3).torch(num_workers)
    first, second = epoch(loader), epoch(loader)
    assert [len(rows) for rows in first] == [4] * 6 + [2] and len(loader) == 7
    for rows in (first, second):
        assert sorted(i for batch in rows for i in batch) == list(range(26))
    assert first != second
    assert first == epoch(split.loader(4, seed=3).torch())
    assert first != epoch(split.loader(4, seed=4).torch())
    ours = [b["index"].tolist() for b in split.loader(4, seed=3).epoch(1)]
    assert second == ours


def test_order_of_the_files_and_full_batches_only(split):
    loader = split.loader(8, shuffle=False, drop_last=True).torch()
    assert epoch(loader) == [list(range(i, i + 8)) for i in (0, 8, 16)]
    assert len(loader) == 3


def test_errors_say_what_is_allowed(split):
    with pytest.raises(ConfigError, match="batch_size=0 must be at least 1: the split"):
        split.loader(0).torch()
    with pytest.raises(ConfigError, match=r"batch_size=27 must be .* at most 26"):
        split.loader(27, drop_last=True).torch()
    with pytest.raises(ConfigError, match="num_workers=-1 must be at least 0"):
        split.loader(2).torch(-1)
    with pytest.raises(ConfigError, match="with drop_last no batch is left: the split"):
        split.loader(1, drop_last=True, rank=29, world_size=30)


def test_numbers_of_any_width_are_indices(made):
    train = open_dataset(made).train
    for kind in (np.uint8, np.int8, np.uint64):
        assert train[kind(3)]["index"] == 3
        np.testing.assert_array_equal(train.index[np.array([3, 1], kind)], [3, 1])


def test_loaders_travel_to_processes(split):
    loader = pickle.loads(pickle.dumps(split.loader(4, seed=3)))
    assert epoch(loader) == epoch(split.loader(4, seed=3))
    with pytest.raises(ConfigError, match="epoch=-1 must be at least 0"):
        loader.epoch(-1)


def test_tensors_are_the_same_columns_as_arrays(made):
    from torch.utils.data import DataLoader

    train = open_dataset(made).train
    ours = next(iter(train.loader(3, shuffle=False)))
    loaders = [
        train.loader(3, shuffle=False).torch(),
        train.loader(3, shuffle=False).torch(2),
        DataLoader(train, batch_size=3),  # pyright: ignore[reportArgumentType]
    ]
    assert "key" in ours
    for loader in loaders:
        theirs = next(iter(loader))
        assert set(theirs) == set(ours)
        for name, values in ours.items():
            assert str(theirs[name].dtype) == f"torch.{values.dtype}", name
            np.testing.assert_array_equal(theirs[name], values, err_msg=name)


@given(
    num=st.integers(1, 60),
    batch_size=st.integers(1, 7),
    world_size=st.integers(1, 6),
    drop_last=st.booleans(),
    shuffle=st.booleans(),
    epoch=st.integers(0, 3),
)
def test_ranks_share_an_epoch(num, batch_size, world_size, drop_last, shuffle, epoch):
    settings = {"shuffle": shuffle, "seed": 5, "world_size": world_size}
    if drop_last:
        settings["drop_last"] = True
        assume(num // world_size >= batch_size)
    orders = [
        Shuffled(num, batch_size, rank=rank, **settings) for rank in range(world_size)
    ]
    batches = [[rows for _, rows in order.epoch(epoch)] for order in orders]
    assert [len(of_rank) for of_rank in batches] == [len(order) for order in orders]
    taken = [int(row) for of_rank in batches for rows in of_rank for row in rows]
    assert len(set(taken)) == len(taken)
    if drop_last:
        (length,) = {len(of_rank) for of_rank in batches}
        assert {len(rows) for of_rank in batches for rows in of_rank} == {batch_size}
        assert len(taken) == length * batch_size * world_size
    else:
        assert sorted(taken) == list(range(num))
