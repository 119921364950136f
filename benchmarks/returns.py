"""Test returns of PPO in known worlds, beside a peer's: writes docs/returns.md.

    python benchmarks/returns.py                    # all rows, about an hour
    python benchmarks/returns.py cartpole catch     # some of them
    python benchmarks/returns.py --peers            # the peer's too, measured here

Trains by ``fw.sweep`` into ``runs/returns/``, so it may be stopped and started again;
what the peer gave is kept beside it. Rows that were not run keep their line.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

import foreworld as fw
from foreworld.learners import PPO
from foreworld.networks import GRU
from foreworld.worlds import Gymnax

ROOT = Path(__file__).parent.parent
OUT, PAGE = ROOT / "runs" / "returns", ROOT / "docs" / "returns.md"
PEER = Path(__file__).parent / "peers" / "rejax_returns.py"
RATES = (2.5e-3, 1e-3, 5e-4, 2.5e-4)
SEEDS = 4
HEAD = f"""# Returns

What PPO reaches in worlds that others know, so that a change that costs learning is
seen. Mean over {SEEDS} runs of the undiscounted test return; in brackets the smallest
and the largest run. All learning rates of a row have the same other settings. Made by
`python benchmarks/returns.py --peers`, on a processor.

"""


@dataclasses.dataclass(frozen=True)
class Row:
    """A world, how it is learned, and what is known of it from others."""

    env: str
    total_steps: int
    settings: dict[str, Any]
    rates: tuple[float, ...] = RATES
    peer: dict[str, Any] | None = None
    known: str = ""
    discount: float = 0.99

    def study(self, name: str) -> fw.Study:
        """Its learning rates and seeds."""
        learner = PPO(total_steps=self.total_steps, **self.settings)
        base = fw.Parameters(Gymnax(env=self.env, discount=self.discount), learner)
        return fw.Study(name, base, {"learning_rate": list(self.rates)}, seeds=SEEDS)


SMALL: dict[str, Any] = {"num_envs": 4, "num_steps": 128, "anneal": 0.0}
WIDE: dict[str, Any] = {"num_envs": 64, "num_steps": 128, "num_minibatches": 8}
PENDULUM: dict[str, Any] = {
    "num_envs": 4,
    "anneal": 0.0,
    "entropy_coef": 0.0,
    # Returns near -100 are far beyond the range in which a value may change at once.
    "normalize_rewards": True,
}
PEER_SMALL = {
    "num_envs": 4,
    "num_steps": 128,
    "num_minibatches": 4,
    "num_epochs": 4,
    "clip_eps": 0.2,
    "vf_coef": 0.5,
    "ent_coef": 0.01,
    "max_grad_norm": 0.5,
    "agent_kwargs": {"activation": "tanh"},
}
ROWS = {
    "cartpole": Row(
        "CartPole-v1", 199_680, SMALL, peer=PEER_SMALL, known="500 is the most"
    ),
    "acrobot": Row(
        "Acrobot-v1",
        499_712,
        SMALL,
        peer=PEER_SMALL,
        known="-74.6 +- 11.5, PPO of the SB3 Zoo",
    ),
    "catch": Row(
        "Catch-bsuite", 199_680, SMALL, peer=PEER_SMALL, known="1 is the most"
    ),
    "pendulum": Row(
        "Pendulum-v1",
        204_800,
        {"num_steps": 1024, "num_epochs": 10, "num_minibatches": 32, **PENDULUM},
        peer={
            **PEER_SMALL,
            "num_steps": 1024,
            "num_epochs": 10,
            "num_minibatches": 32,
            "ent_coef": 0.0,
            "gamma": 0.9,
        },
        known="-230.4 +- 142.5, PPO of the SB3 Zoo",
        discount=0.9,
    ),
    "memory_chain": Row(
        "MemoryChain-bsuite",
        499_712,
        {**SMALL, "num_envs": 16, "network": GRU()},
        known="1 is the most, 0 without memory",
    ),
    "breakout": Row(
        "Breakout-MinAtar",
        4_997_120,
        {**WIDE, "anneal": 0.0},
        rates=(5e-4,),
        peer={**PEER_SMALL, "num_envs": 64, "num_minibatches": 8},
    ),
}


def ours(name: str, row: Row) -> list[list[float]]:
    """Test return of each run, by learning rate."""
    folder = fw.sweep(row.study(name), out=OUT / name)
    found = folder.results["test_episode_return"].transpose("point", "seed")
    return np.asarray(found.values, np.float64).tolist()


def theirs(name: str, row: Row) -> list[list[float]] | None:
    """The peer's, measured once."""
    kept = OUT / f"{name}-rejax.json"
    if not kept.exists():
        settings = {
            **(row.peer or {}),
            "learning_rate": list(row.rates),
            "total_timesteps": row.total_steps,
        }
        words = [sys.executable, str(PEER), row.env, json.dumps(settings), str(SEEDS)]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        kept.write_text(done.stdout.splitlines()[-1])
    return json.loads(kept.read_text())["returns"]


def told(returns: list[list[float]] | None) -> str:
    """Means by learning rate, and their mean."""
    if returns is None:
        return ""
    means = [f"{np.mean(r):.4g} ({min(r):.4g}..{max(r):.4g})" for r in returns]
    tail = f"; mean {np.mean(returns):.4g}" if len(means) > 1 else ""
    return ", ".join(means) + tail


def line(name: str, row: Row, peers: bool) -> str:
    """The row of the table."""
    settings = ", ".join(f"{n}={v}" for n, v in row.settings.items())
    rates = ", ".join(f"{rate:g}" for rate in row.rates)
    other = theirs(name, row) if peers and row.peer else None
    cells = row.env, f"{row.total_steps:,}", settings, rates, told(ours(name, row))
    return f"| {' | '.join(cells)} | {told(other)} | {row.known} |"


def main() -> None:
    """Run what is asked for, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="ROW")
    parser.add_argument("--peers", action="store_true")
    args = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    old = PAGE.read_text().splitlines() if PAGE.exists() else []
    kept = {text.split(" | ")[0][2:]: text for text in old if text.startswith("| ")}
    for name in args.rows or ROWS:
        row = ROWS[name]
        kept[row.env] = line(name, row, args.peers)
        titles = ("world", "steps", "settings", "learning rates", "ours", "rejax 0.1.3")
        table = [f"| {' | '.join(titles)} | known |", f"|{' --- |' * 7}"]
        table += [kept[one.env] for one in ROWS.values() if one.env in kept]
        PAGE.write_text(HEAD + "\n".join(table) + "\n")
        print(kept[row.env], flush=True)


if __name__ == "__main__":
    main()
