"""Measures what a shared data set costs: one copy, however many runs.

10,000 pairs of graphs of 22 nodes lie in a file; a world refers to it. Prints the bytes
of the pairs, of what a program of 1 and of 16 runs takes in by the run, and of what
both share, and the growth of this process when 16 runs are made ready.

    python benchmarks/shared_references.py
"""

import tempfile
from pathlib import Path

import jax
import numpy as np

from foreworld.learners import PPO
from foreworld.networks import MLP
from foreworld.testing import PointsGame
from foreworld.train.lanes import Run, make_lanes
from foreworld.train.parameters import Parameters
from foreworld.train.sources import open_sources

NUM_PAIRS, NUM_NODES, NUM_RUNS = 10_000, 22, 16


def write_pairs(path: Path) -> int:
    """Random pairs, as adjacency matrices of one byte an entry; their bytes."""
    rng = np.random.default_rng(0)
    shape = (NUM_PAIRS, 2, NUM_NODES, NUM_NODES)
    pairs = rng.integers(0, 2, shape, dtype=np.uint8)
    np.savez(
        path,
        pairs=pairs,
        place=rng.normal(size=(NUM_PAIRS, 2)).astype(np.float32),
        side=rng.integers(0, 2, NUM_PAIRS).astype(np.int32),
        worth=np.ones(NUM_PAIRS, np.float32),
    )
    return pairs.nbytes


def resident() -> int:
    """Bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def num_bytes(tree: object) -> int:
    return sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(tree))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pairs.npz")
        pairs = write_pairs(path)
        learner = PPO(network=MLP(hidden_size=8))
        base = Parameters(PointsGame(str(path)), learner)
        jax.block_until_ready(jax.numpy.zeros(1))
        before = resident()
        sources = open_sources(base)
        opened = resident()
        print(f"pairs                   {pairs:>12,} bytes")
        print(f"shared, all splits      {sources.num_bytes:>12,} bytes")
        for width in (1, NUM_RUNS):
            runs = [Run(base, seed) for seed in range(width)]
            leaves = num_bytes(make_lanes(runs).leaves)
            print(f"by the run, {width:>2} runs     {leaves:>12,} bytes")
        print(f"memory: opening         {opened - before:>12,} bytes")
        print(f"memory: {NUM_RUNS} runs more   {resident() - opened:>12,} bytes")


if __name__ == "__main__":
    main()
