"""Few-shot episodes: drawn by number, disjoint, complete, the same in every form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreworld.compat.batches import episode_tuple
from foreworld.core.errors import ConfigError
from foreworld.data.reading.dataset import open_dataset
from tests.data.tables import MemoryTable, labelled

THREE = np.repeat([0, 1, 2], 100)
MIXED = np.array([4, 7, 4, 4, 7, 9, 9, 7, 4, 9, 9, 7, 4])
"""Tasks of unequal sizes whose sequences do not lie together."""


@pytest.mark.fact("dynamics-datasets", "C26")
def test_fact_c26_context_and_query_sets():
    episodes = labelled(THREE).episodes(num_context=15)
    assert len(episodes) == 255
    one, other = episodes[0], episodes.at(1)
    assert one.context.shape == (3, 15) and one.queries.shape == (255,)
    for label, context in enumerate(one.context):
        assert len(set(context)) == 15 and (THREE[context] == label).all()
    assert not set(one.context.ravel()) & set(one.queries)
    assert {*one.context.ravel(), *one.queries} == set(range(300))
    assert (np.diff(one.queries) > 0).all()
    assert (one.context != other.context).any()
    again = labelled(THREE).episodes(num_context=15)[0]
    np.testing.assert_array_equal(one.context, again.context)
    for position in range(255):
        item = episodes.item(0, position)
        assert item["index"] == one.queries[position]
        own = item["label"][0]
        assert own == THREE[item["index"]]
        assert (item["context/state"][:, :, 1] == own).all()
        assert (item["context/image"] == own).all()


@pytest.mark.fact("dynamics-datasets", "C27")
def test_fact_c27_shapes_of_a_batch():
    table = labelled(THREE, num_frames=30, side=32)
    episodes = table.episodes(num_context=15, state_columns=(0, 1))
    (found,) = episodes.loader(64, num_steps=1, repeat_context=True)
    batch = episode_tuple(found)
    assert [tuple(array.shape) for array in batch] == [
        (64, 30, 32, 32),
        (64, 15, 30, 32, 32),
        (64, 30, 2),
        (64, 15, 30, 2),
        (64, 1),
    ]
    assert [str(array.dtype) for array in batch] == ["float32"] * 4 + ["int16"]


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(st.integers(0, 3), min_size=2, max_size=80),
    seed=st.integers(0, 2**32 - 1),
    episode=st.integers(0, 2**32 - 1),
    data=st.data(),
)
def test_any_episode_divides_the_split(labels, seed, episode, data):
    labels = np.asarray(labels)
    known, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < 2:
        return
    num_context = data.draw(st.integers(1, int(sizes.min()) - 1))
    episodes = labelled(labels).episodes(num_context, seed)
    found = episodes[episode]
    assert len(episodes) == len(labels) - len(known) * num_context
    assert found.context.shape == (len(known), num_context)
    for number, context in enumerate(found.context):
        assert (labels[context] == known[number]).all()
        assert (np.diff(context) > 0).all()
    rows = [*found.context.ravel(), *found.queries]
    assert sorted(rows) == list(range(len(labels)))
    assert (np.diff(found.queries) > 0).all()
    np.testing.assert_array_equal(known[found.task], labels[found.queries])


def test_every_sequence_serves_in_both_roles():
    episodes = labelled(MIXED).episodes(num_context=2)
    contexts = np.zeros(len(MIXED))
    for episode in range(60):
        contexts[episodes[episode].context] += 1
    assert contexts.min() > 0 and contexts.max() < 60
    seeds = {
        tuple(labelled(MIXED).episodes(2, s)[0].context.ravel()) for s in range(20)
    }
    assert len(seeds) > 15


@pytest.mark.parametrize("labels", [THREE, MIXED])
def test_programs_draw_the_same_episodes(labels):
    episodes = labelled(labels).episodes(num_context=2, seed=8, state_columns=[1, 0])
    source = episodes.device()
    assert source.num_queries == len(episodes)
    batch = jax.jit(lambda s, e: s.batch(s.sample(e, 5)))
    for step, here in enumerate(episodes.loader(5, num_steps=3, episode=4)):
        there = batch(source, jnp.int32(4 + step))
        assert set(there) == set(here)
        for name, values in here.items():
            np.testing.assert_array_equal(there[name], values, err_msg=name)
    position = np.arange(len(episodes))
    queries = jax.jit(lambda s, p: s.at(3, p))(source, position)
    np.testing.assert_array_equal(queries.row, episodes[3].queries)
    np.testing.assert_array_equal(queries.task, episodes[3].task)
    np.testing.assert_array_equal(queries.context, episodes[3].context)


def test_contexts_are_shared_unless_repeated():
    episodes = labelled(MIXED).episodes(num_context=2)
    (shared,) = episodes.loader(20)
    (repeated,) = episodes.loader(20, repeat_context=True)
    assert shared["context/image"].shape == (3, 2, 3, 4, 4, 1)
    assert repeated["context/image"].shape == (7, 2, 3, 4, 4, 1)
    for name, values in repeated.items():
        expected = shared[name]
        if name.startswith("context/"):
            expected = expected[shared["task"]]
        np.testing.assert_array_equal(values, expected, err_msg=name)
    assert shared["label"].shape == (7, 1)
    np.testing.assert_array_equal(shared["label"][:, 0], MIXED[shared["index"]])


def test_a_pass_and_steps():
    episodes = labelled(THREE).episodes(num_context=15, seed=1)
    batches = list(episodes.loader(64, episode=6))
    assert [len(batch["index"]) for batch in batches] == [64, 64, 64, 63]
    rows = np.concatenate([batch["index"] for batch in batches])
    np.testing.assert_array_equal(rows, episodes[6].queries)
    steps = list(episodes.loader(64, num_steps=3))
    for step, batch in enumerate(steps):
        np.testing.assert_array_equal(
            batch["context/index"], episodes[step].context, err_msg=str(step)
        )
        assert set(batch["index"]) <= set(episodes[step].queries)
    # With replacement: among 64 of 255, some come twice.
    assert any(len(set(batch["index"])) < 64 for batch in steps)


@given(
    world_size=st.integers(1, 5),
    batch_size=st.integers(1, 4),
    num_steps=st.none() | st.integers(1, 9),
    epoch=st.integers(0, 2),
)
def test_ranks_share_episodes(world_size, batch_size, num_steps, epoch):
    episodes = labelled(MIXED).episodes(num_context=2, seed=4)

    def batches(rank, world_size):
        loader = episodes.loader(
            batch_size, num_steps=num_steps, rank=rank, world_size=world_size
        )
        found = list(loader.epoch(epoch))
        assert len(found) == len(loader)
        return found

    alone = batches(0, 1)
    shared = [batches(rank, world_size) for rank in range(world_size)]
    if num_steps is None:
        rows = [row for part in shared for b in part for row in b["index"]]
        assert sorted(rows) == sorted(r for b in alone for r in b["index"])
        return
    for rank, part in enumerate(shared):
        for here, there in zip(part, alone[rank::world_size], strict=True):
            for name, values in here.items():
                np.testing.assert_array_equal(values, there[name], err_msg=name)


@pytest.mark.parametrize(("num_steps", "expected"), [(7, 2), (None, 1), (2, 0)])
def test_with_drop_last_all_ranks_have_equally_many_batches(num_steps, expected):
    episodes = labelled(MIXED).episodes(num_context=2)
    settings = {"num_steps": num_steps, "drop_last": True, "world_size": 3}
    for rank in range(3):
        if not expected:
            with pytest.raises(ConfigError, match="no batch is left: 2 batches for 3"):
                episodes.loader(2, rank=rank, **settings)
            continue
        batches = list(episodes.loader(2, rank=rank, **settings))
        assert [len(batch["index"]) for batch in batches] == [2] * expected


def test_every_column_that_learners_see_is_there():
    table = labelled(MIXED)
    columns = {name: table.read(name, slice(None)) for name in table.columns}
    size = len(table)
    columns["reward"] = np.arange(2 * size, dtype=np.float32).reshape(size, 2)
    columns["derivative"] = columns["state"] + 1
    columns["mode"] = np.zeros((size, 3, 1), np.int32)
    columns["parameters/mass"] = np.arange(size, dtype=np.float32)
    columns["key"] = np.zeros((size, 2), np.uint32)
    columns["index"] = np.arange(size)
    episodes = MemoryTable(columns).episodes(2, state_columns=[1])
    (batch,) = episodes.loader(20)
    learnt = set(columns) - {"key", "index"}
    context = {f"context/{name}" for name in {*learnt, "index"}}
    assert set(batch) == {*learnt, "index", "task", *context}
    assert set(episodes.device().data.columns) == learnt
    rows = batch["index"]
    np.testing.assert_array_equal(batch["reward"], columns["reward"][rows])
    derivative = columns["derivative"][rows][..., [1]]
    np.testing.assert_array_equal(batch["derivative"], derivative)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_the_redraw_reaches_every_worker(num_workers):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    episodes = labelled(MIXED).episodes(num_context=2, seed=3)
    loader = episodes.loader(2).torch(num_workers)
    drawn = []
    # Each pass starts its processes anew; a second one shows what a third would.
    num = 2 if num_workers else 3
    for episode in range(num):
        there = list(loader)
        assert len(there) == len(loader) == 4
        rows = np.concatenate([batch["index"] for batch in there])
        # Nothing twice and nothing left out, whichever worker read it.
        np.testing.assert_array_equal(rows, episodes[episode].queries)
        for batch, here in zip(there, episodes.loader(2, episode=episode), strict=True):
            for name, values in here.items():
                np.testing.assert_array_equal(batch[name], values, err_msg=name)
        drawn.append(episodes[episode].context.tobytes())
    assert len(set(drawn)) == num
    steps = episodes.loader(4, num_steps=4).torch(num_workers)
    for first in (0, 4)[: num - 1]:
        ours = episodes.loader(4, num_steps=4, episode=first)
        for there, here in zip(steps, ours, strict=True):
            np.testing.assert_array_equal(there["index"], here["index"])
            np.testing.assert_array_equal(there["context/image"], here["context/image"])


def test_a_fixed_loader_repeats_its_episode():
    pytest.importorskip("torch", reason="PyTorch is not installed")
    loader = (
        labelled(MIXED).episodes(num_context=2).loader(9, episode=5, fixed=True).torch()
    )
    first, second = (next(iter(loader)) for _ in range(2))
    np.testing.assert_array_equal(first["context/index"], second["context/index"])


def test_a_split_of_one_task(made):
    split = open_dataset(made).val
    episodes = split.episodes(num_context=15)
    assert len(episodes) == 5 and episodes.tasks.num_tasks == 1
    (batch,) = episodes.loader(8)
    assert batch["image"].shape == (5, 6, 32, 32, 1)
    assert batch["context/image"].shape == (1, 15, 6, 32, 32, 1)
    assert (batch["label"] == 0).all()
    np.testing.assert_array_equal(batch["state"], split.state[batch["index"]])
    assert repr(episodes) == (
        f"Episodes of the split val of {made}: 1 task, 15 sequences of each as "
        f"context, 5 queries; seed 0"
    )


def test_errors_say_what_is_allowed(made):
    def refused(use):
        with pytest.raises(ConfigError) as caught:
            use()
        return str(caught.value)

    table = labelled(MIXED)
    assert refused(lambda: table.episodes(4)) == (
        "num_context=4 must be at least 1 and at most 3: task 7 of the split train of "
        "memory has 4 sequences, and one at least must be left as a query. Generate "
        "more, or lower num_context."
    )
    assert "num_context=0 must be at least 1" in refused(lambda: table.episodes(0))
    assert "has 1 sequence of task 1: a task needs at least 2" in refused(
        lambda: labelled(np.array([0, 0, 1])).episodes(1)
    )
    assert refused(lambda: table.episodes(2, state_columns=[0, 3])) == (
        "state_columns=[0, 3]: there is no column 3 in the state of Split train of "
        "memory: 13 sequences, which has 3: 0 to 2."
    )
    assert "seed=-1 must be at least 0 and below 4294967296" in refused(
        lambda: table.episodes(2, seed=-1)
    )
    episodes = table.episodes(2)
    assert refused(lambda: episodes.loader(0)) == (
        "batch_size=0 must be at least 1: the split train has 7 queries."
    )
    assert "num_steps=0 must be at least 1, or None for all" in refused(
        lambda: episodes.loader(3, num_steps=0)
    )
    assert "episode=-2 must be at least 0" in refused(lambda: episodes.at(-2))
    assert "has no test sequences, only train, val" in refused(
        lambda: open_dataset(made).test.episodes(2)
    )
    with pytest.raises(IndexError, match="no query 7 in an episode of Episodes of"):
        episodes.item(0, 7)
