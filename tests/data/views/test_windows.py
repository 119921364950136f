"""Windows of switching series: their law, no shared step, the same in every form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreworld.compat.windows import leaky_windows
from foreworld.core.errors import ConfigError, UnknownNameError
from foreworld.data.making.generate import generate
from foreworld.data.reading.dataset import open_dataset
from tests.data.tables import MemoryTable


def series(length, num_series=1, width=2):
    """Signals that tell series and step; the mode is the step, the state both."""
    step = np.arange(length, dtype=np.float32)
    which = np.arange(num_series, dtype=np.float32)[:, None]
    both = np.stack([which * 1e5 + step, np.sin(step) + 0 * which], axis=-1)
    return MemoryTable(
        {
            "signal": np.tile(both, width // 2),
            "mode": np.broadcast_to(step, both.shape[:2]).astype(np.int64),
            "state": both,
        }
    )


def steps_of(split):
    """Which (series, step) the samples of a part use."""
    batch = split[:]
    used = set()
    for name in ("queries", "domains"):
        used |= set(np.unique(batch[name][..., 0]).tolist())
    return used


@pytest.mark.fact("dynamics-datasets", "C24")
def test_fact_c24_windows_of_ten_thousand_steps():
    table = series(10_000, width=10)
    windows = leaky_windows(table, window=7, normalise=False)
    train, test = windows.train, windows.test
    assert (len(train), len(test)) == (8000, 1976)
    signal = table.read("signal", 0)
    assert train[:5]["domains"].shape == (5, 3, 7, 10)
    for split, skipped in ((train, 0), (test, 8000)):
        every = split[:]
        for n in (0, 1, len(split) - 1):
            i = n + skipped + 10
            one = {name: values[n] for name, values in every.items()}
            np.testing.assert_array_equal(one["domains"][2, -1], signal[i - 1])
            np.testing.assert_array_equal(one["queries"][0], signal[i])
            np.testing.assert_array_equal(one["domains"][0, 0], signal[i - 9])
            np.testing.assert_array_equal(one["labels"], np.arange(i, i + 7))
            np.testing.assert_array_equal(one["latents"][0], table.read("state", 0)[i])
    # What the leak is: the first test sample shares steps with the last train ones.
    assert steps_of(train) & steps_of(test)
    with pytest.raises(ConfigError, match="have no val samples"):
        _ = windows.val


@settings(max_examples=40, deadline=None)
@given(
    window=st.integers(1, 8),
    num_context=st.integers(1, 4),
    num_series=st.integers(1, 2),
    length=st.integers(300, 400),
    extra=st.integers(0, 5),
)
def test_parts_share_no_step(window, num_context, num_series, length, extra):
    gap = 2 * window + num_context - 1 + extra
    windows = series(length, num_series).windows(
        window, num_context, fractions=(0.6, 0.2, 0.2), gap=gap, normalise=False
    )
    parts = [steps_of(windows.split(name)) for name in ("train", "val", "test")]
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert not parts[a] & parts[b]
    for before, after in ((0, 1), (1, 2)):
        ends = {value // 1e5: value for value in sorted(parts[before])}
        starts = {value // 1e5: value for value in sorted(parts[after], reverse=True)}
        assert len(ends) == num_series
        for which, last in ends.items():
            assert starts[which] - last > gap


def test_statistics_are_of_the_training_part():
    table = series(1000)
    windows = table.windows()
    steps = 1000 - 2 * 16
    known = table.read("signal", slice(None))[:, : int(0.8 * steps)]
    np.testing.assert_allclose(windows.mean, known.mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(windows.std, known.std(axis=(0, 1)), rtol=1e-5)
    whole = table.windows(fractions=(1.0, 0.0, 0.0))
    np.testing.assert_allclose(
        whole.series.signal.mean(axis=(0, 1)), np.zeros(2), atol=1e-3
    )
    raw = windows.train[3]["queries"] * windows.std + windows.mean
    plain = table.windows(normalise=False).train[3]["queries"]
    np.testing.assert_allclose(raw, plain, rtol=1e-4, atol=1e-3)
    # A signal that stands still is not divided by zero.
    table = series(300)
    table._arrays["signal"] = np.ones_like(table._arrays["signal"])
    assert np.isfinite(table.windows().train[:]["queries"]).all()


@pytest.mark.parametrize("num_workers", [0, 2])
def test_every_form_gives_the_same_samples(num_workers):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    split = series(300, num_series=2).windows().train
    source = split.device()
    assert source.num_samples == len(split)
    batch = jax.jit(lambda s, i: s.batch(i))
    loader = split.loader(64, seed=2).torch(num_workers)
    assert len(loader) == -(-len(split) // 64)
    for epoch in (0, 1):
        seen = []
        ours = split.loader(64, seed=2).epoch(epoch)
        for there, here in zip(loader, ours, strict=True):
            on_device = batch(source, jnp.asarray(here["index"]))
            assert set(there) == set(here) == set(on_device)
            for name, values in here.items():
                np.testing.assert_array_equal(there[name], values, err_msg=name)
                np.testing.assert_array_equal(on_device[name], values, err_msg=name)
            assert there["labels"].dtype == torch.int16
            assert there["queries"].dtype == torch.float32
            seen.extend(here["index"])
        assert sorted(seen) == list(range(len(split)))


def test_samples_one_by_one_and_together():
    split = series(300, num_series=2).windows(window=5, num_context=2).val
    assert repr(split).startswith(f"{len(split)} val samples: 2 + 1 windows of 5 steps")
    one, some = split[3], split[[3, -1]]
    for name, values in one.items():
        np.testing.assert_array_equal(values, some[name][0])
    assert some["index"][1] == len(split) - 1
    assert one["domains"].shape == (2, 5, 2)
    with pytest.raises(IndexError):
        split[len(split)]
    assert [len(b["index"]) for b in split.loader(7, drop_last=True)][-1] == 7


def test_errors_say_what_is_allowed(made):
    def refused(use):
        with pytest.raises(ConfigError) as caught:
            use()
        return str(caught.value)

    where = "Split train of memory: 1 sequences"
    assert refused(lambda: series(20).windows()) == (
        f"window=7 with num_context=3 needs series of at least 25 steps, but those of "
        f"{where} have 20. Choose shorter windows, or generate longer series."
    )
    assert refused(lambda: series(60).windows()) == (
        f"the train part of {where} would have 22 of its 60 steps, but a sample needs "
        f"25. Change fractions, choose shorter windows or a smaller gap, or generate "
        f"longer series."
    )
    assert refused(lambda: series(500).windows(gap=15)) == (
        "gap=15 must be at least 16, the steps that a sample spans: otherwise train "
        "and test could share some."
    )
    assert refused(lambda: series(500).windows(fractions=(0.5, 0.1, 0.1))) == (
        "fractions=(0.5, 0.1, 0.1) must be three numbers (train, val, test) that add "
        "up to 1, the first one above 0."
    )
    assert refused(lambda: series(500).windows(fractions=(0.9, 0, 0.1)).val) == (
        f"the windows of {where} have no val samples. Give that part a larger one of "
        f"the fractions."
    )
    assert "window=0 must be at least 1" in refused(lambda: series(99).windows(0))
    assert "batch_size=0 must be at least 1: the split test has" in refused(
        lambda: series(500).windows().test.loader(0)
    )
    assert "holds no switching series: it has no column mode. Lorenz" in refused(
        lambda: open_dataset(made).train.windows()
    )
    with pytest.raises(UnknownNameError, match=r"split 'valid'\. Did you mean 'val'"):
        series(500).windows().split("valid")


@pytest.mark.parametrize("name", ["slvm/lorenz", "slvm/nascar"])
def test_series_of_named_sets_are_read_alike(tmp_path, name):
    data = generate(name, tmp_path / "series", num_frames=300, quiet=True)
    windows = data.train.windows()
    (batch,) = windows.test.loader(100, shuffle=False)
    assert set(batch) == {"index", "queries", "domains", "labels", "latents"}
    assert batch["domains"].shape == (len(windows.test), 3, 7, 10)
    assert batch["labels"].max() <= 3
    known = data.train.signal[0][: int(0.8 * (300 - 2 * 16))]
    np.testing.assert_allclose(windows.mean, known.mean(axis=0), rtol=1e-4)
    assert "image" not in data.train.device().columns


def test_samples_are_indexed_like_arrays():
    split = series(400, num_series=2).windows(7, 3).train
    whole = np.arange(len(split))
    np.testing.assert_array_equal(split[np.int8(1)]["index"], 1)
    np.testing.assert_array_equal(split[-1]["index"], len(split) - 1)
    np.testing.assert_array_equal(split[whole < 2]["index"], [0, 1])
    np.testing.assert_array_equal(split[[]]["index"], [])
    for wrong in (1.5, [0.5], "a", None, [[0]]):
        with pytest.raises(ConfigError, match="indexed by whole numbers"):
            split[wrong]
    with pytest.raises(IndexError, match=f"there is no sample {10**9}"):
        split[[10**9]]
    with pytest.raises(IndexError, match="2 truths for"):
        split[np.array([True, False])]
