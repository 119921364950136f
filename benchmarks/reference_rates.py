"""Measures what estimates rest on where nothing was timed; writes it to the package.

    python benchmarks/reference_rates.py

Run it on a quiet machine with two cores. Every learner's defaults are trained for a
short while with an empty cache, so that compiling is measured too.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src/foreworld/train/reference_rates.json"


def main() -> None:
    """Train, collect, write."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["FOREWORLD_CACHE"] = f"{place}/cache"
        import foreworld as fw
        from foreworld.train import rates

        fw.generate("pendulum", f"{place}/data", train=500, val=50, test=50)
        for learner, updates in (("rnn_deconvolve", 200), ("context_rnn", 50)):
            settings = fw.Parameters(
                "pendulum", learner, data={"path": f"{place}/data"}, num_updates=updates
            )
            fw.run_experiment(settings, out=f"{place}/{learner}")
        for length in (5, 10):
            settings = fw.Parameters(
                "tmaze",
                "ppo",
                world={"length": length},
                network="gru",
                total_steps=50_000,
            )
            fw.run_experiment(settings, out=f"{place}/ppo-{length}")
        found = rates.entries()
    TARGET.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{len(found)} programs written to {TARGET}")


if __name__ == "__main__":
    main()
