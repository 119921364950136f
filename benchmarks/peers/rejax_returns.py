"""What rejax's PPO reaches, and how fast: for an environment of its own.

    python benchmarks/peers/rejax_returns.py CartPole-v1 '{"learning_rate": [1e-3]}' 4

Makes the environment (``.venv/peers/rejax``) where it is not there, and runs itself
in it. Prints one line of JSON: mean test return by setting and seed, and environment
steps a second of all runs in one program, evaluations included, compiling not.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent / ".venv" / "peers" / "rejax"
PINS = ("rejax==0.1.3", "gymnax==0.0.9", "jax==0.10.2")
EVALUATIONS, EPISODES = 10, 128


def python() -> str:
    """The environment's Python; made where it is not there."""
    path = ROOT / "bin" / "python"
    if not (ROOT / ".made").exists():
        subprocess.run([sys.executable, "-m", "venv", str(ROOT)], check=True)
        quiet = ["--quiet", "--disable-pip-version-check"]
        subprocess.run([path, "-m", "pip", "install", *quiet, *PINS], check=True)
        (ROOT / ".made").touch()
    return str(path)


def measure(name: str, settings: dict, num_seeds: int) -> dict:
    """Train all settings and seeds in one program, twice: the second time counts."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    from rejax import PPO
    from rejax.evaluate import evaluate

    rates = jnp.asarray(settings.pop("learning_rate"))
    total = settings["total_timesteps"]
    algorithm = PPO.create(
        env=name,
        eval_freq=total // EVALUATIONS,
        skip_initial_evaluation=True,
        **settings,
    )

    def one(rate, key):
        state, _ = algorithm.replace(learning_rate=rate).train(key)
        return state

    keys = jax.random.split(jax.random.key(0), num_seeds)
    program = jax.jit(jax.vmap(jax.vmap(one, (None, 0)), (0, None)))
    states = jax.block_until_ready(program(rates, keys))
    begun = time.perf_counter()
    states = jax.block_until_ready(program(rates, keys))
    seconds = time.perf_counter() - begun

    def test(state, key):
        act = algorithm.make_act(state)
        limit = algorithm.env_params.max_steps_in_episode
        found = evaluate(act, key, algorithm.env, algorithm.env_params, EPISODES, limit)
        return found[1].mean()

    over = jax.vmap(jax.vmap(test))
    fresh = jax.random.split(jax.random.key(1), (len(rates), num_seeds))
    returns = np.asarray(jax.jit(over)(states, fresh))
    return {
        "returns": returns.round(3).tolist(),
        "steps_per_second": round(len(rates) * num_seeds * total / seconds),
    }


def main() -> None:
    if Path(sys.prefix) != ROOT:
        os.execv(python(), [python(), *sys.argv])
    name, settings, seeds = sys.argv[1:]
    print(json.dumps(measure(name, json.loads(settings), int(seeds))))


if __name__ == "__main__":
    main()
