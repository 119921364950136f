"""Windows of sequences: the same ones in NumPy, PyTorch and programs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from foreworld.core.errors import ConfigError
from foreworld.data.exchange.importing import import_data
from foreworld.data.reading.dataset import open_dataset
from foreworld.data.views.crops import crop_batch, crop_source

NUM, FRAMES, WINDOW = 20, 9, 4


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    """Frame ``t`` of sequence ``i`` has brightness ``10 i + t``, as has its action."""
    folder = tmp_path_factory.mktemp("cut")
    value = np.arange(NUM)[:, None] * 10 + np.arange(FRAMES)
    image = np.broadcast_to(value[..., None, None, None], (NUM, FRAMES, 4, 4, 1))
    valid = np.ones((NUM, FRAMES), bool)
    valid[0, 5:] = valid[1, 2:] = False
    np.savez(
        folder / "mine.npz",
        image=image.astype(np.uint8),
        state=value[..., None].astype(np.float32),
        action=value[:, :-1],
        valid=valid,
    )
    return import_data(
        folder / "mine.npz", folder / "out", val=0, test=0, quiet=True
    ).train


def test_a_window_is_a_piece_of_its_sequence(split):
    starts = []
    for batch in split.loader(6, window=WINDOW, seed=1).epoch(2):
        rows, start = batch["index"], batch["start"]
        frames = start[:, None] + np.arange(WINDOW)
        for name in ("image", "state", "valid"):
            whole = split.read(name, rows)
            expected = whole[np.arange(len(rows))[:, None], frames]
            np.testing.assert_array_equal(batch[name], expected)
        whole = split.read("action", rows)
        expected = whole[np.arange(len(rows))[:, None], frames[:, :-1]]
        np.testing.assert_array_equal(batch["action"], expected)
        starts.extend(start)
    assert len(set(starts)) > 1 and max(starts) <= FRAMES - WINDOW


def test_windows_stay_within_the_valid_frames(split):
    lengths = split.valid[:].sum(axis=1)
    short = int(np.argmin(lengths))
    seen = set()
    for epoch in range(40):
        rows = np.array([short, int(np.argsort(lengths)[1])])
        batch = crop_batch(split.batch(rows), rows, 4, 0, epoch)
        assert batch["start"][0] == 0 and batch["valid"][0].sum() == 2
        assert batch["valid"][1].all()
        seen.add(int(batch["start"][1]))
    assert seen == {0, 1}


def test_they_follow_from_seed_epoch_and_index(split):
    def starts(seed, epoch, rows):
        whole = split.batch(rows)
        return crop_batch(whole, np.asarray(rows), WINDOW, seed, epoch)["start"]

    rows = np.arange(NUM)
    first = starts(0, 0, rows)
    np.testing.assert_array_equal(first, starts(0, 0, rows))
    np.testing.assert_array_equal(first[7:9], starts(0, 0, [7, 8]))
    assert (first != starts(0, 1, rows)).any() and (first != starts(1, 0, rows)).any()


def test_programs_cut_the_same_windows(split):
    source, rows = split.device(), np.array([3, 0, 17, 3])
    cut = jax.jit(lambda s, i, seed, epoch: crop_source(s, i, WINDOW, seed, epoch))
    there = cut(source, jnp.asarray(rows), 5, 11)
    here = crop_batch(split.batch(rows), rows, WINDOW, 5, 11)
    assert there.sequence_len == WINDOW
    for name in ("image", "state", "action", "valid"):
        np.testing.assert_array_equal(getattr(there, name), here[name])


@pytest.mark.parametrize("num_workers", [0, 2])
def test_torch_cuts_the_same_windows(split, num_workers):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    loader = split.loader(8, window=WINDOW, seed=3).torch(num_workers)
    for epoch in (0, 1):
        ours = split.loader(8, window=WINDOW, seed=3).epoch(epoch)
        for there, here in zip(loader, ours, strict=True):
            assert set(there) == set(here)
            for name, values in here.items():
                np.testing.assert_array_equal(there[name], values, err_msg=name)


def test_windows_longer_than_the_sequence_are_refused(split):
    message = (
        f"window=10 must be at least 1 and at most 9, the frames of a sequence of "
        f"{split!r}."
    )
    with pytest.raises(ConfigError) as caught:
        split.loader(2, window=10)
    assert str(caught.value) == message
    with pytest.raises(ConfigError, match="window=10 must be at least 1 and at most 9"):
        crop_source(split.device(), jnp.arange(2), 10, 0, 0)
    with pytest.raises(ConfigError, match="window=0 must be at least 1"):
        split.loader(2, window=0)


def test_columns_without_time_are_whole(made):
    split = open_dataset(made).val
    (batch,) = split.loader(20, window=3, shuffle=False)
    assert batch["image"].shape == (20, 3, 32, 32, 1)
    np.testing.assert_array_equal(batch["key"], split.key[:])
    np.testing.assert_array_equal(batch["parameters/mass"], split.parameters["mass"][:])
