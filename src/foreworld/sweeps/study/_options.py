"""Options of POBAX's PPO by the names of ours, for old-style files.

Source: POBAX, Tao et al. 2025, arXiv 2508.00046.
"""

from __future__ import annotations

import re
from typing import Any

from foreworld.core.errors import ConfigError
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.make import make
from foreworld.worlds.wrappers.last_action import LastAction

PATHS = {
    "lr": "learning_rate",
    "lambda0": "lambda0",
    "vf_coeff": "value_coef",
    "entropy_coeff": "entropy_coef",
    "clip_eps": "clip_eps",
    "max_grad_norm": "max_grad_norm",
    "hidden_size": "network.hidden_size",
    "num_envs": "num_envs",
    "num_steps": "num_steps",
    "update_epochs": "num_epochs",
    "num_minibatches": "num_minibatches",
    "total_steps": "total_steps",
    "memoryless": "network.memory",
    "anneal_lr": "anneal",
    "seed": "seed",
}
"""Old name -> field."""
OF_WORLD = ("env", "perfect_memory", "action_concat")
"""Options that make a world together."""
WHOLE = ("n_seeds", "n_run_bins", "run_bin_idx")
"""Options of the whole study."""
TWO_CRITICS = ("double_critic", "lambda1", "ld_weight")
"""Options that only count with a second critic."""
BOOKKEEPING = (
    "study_name",
    "platform",
    "debug",
    "show_discounted",
    "save_runner_state",
    "save_checkpoints",
    "steps_log_freq",
    "update_log_freq",
    "num_eval_envs",
    "default_max_steps_in_episode",
    "num_epochs",
    "sweep_type",
    "gamma",
)
"""Options without an effect on training. The discount is the world's, there as here."""
_WHOLE_NUMBERS = ("total_steps", "hidden_size", "num_envs", "num_steps", "seed")
_NUMBERED = re.compile(r"tmaze_(\d+)")


def path_of(name: str) -> str:
    """The field that an option sets; options that do nothing here keep their name."""
    return PATHS.get(name, name)


def translate(name: str, value: Any) -> tuple[str, Any]:
    """The field that an option sets, and its value."""
    if name == "memoryless":
        value = "none" if value else "gru"
    elif name == "anneal_lr":
        value = 1.0 if value else 0.0
    elif name in _WHOLE_NUMBERS and isinstance(value, float) and value == int(value):
        value = int(value)
    return path_of(name), value


def world_of(env: Any, perfect_memory: Any, action_concat: Any) -> AbstractWorld:
    """The world of an old name; the T-maze shows its cues as POBAX does.

    Parameters
    ----------
    env
        Its name.
    perfect_memory
        Whether cues are shown at every step.
    action_concat
        Whether the action before is shown, too.

    Raises
    ------
    ConfigError
        No world here answers to the name.
    """
    if not isinstance(env, str):
        raise ConfigError(f"hparams need an 'env', the name of a world; got {env!r}.")
    fields = {"perfect_memory": True} if perfect_memory else {}
    match = _NUMBERED.fullmatch(env)
    if match:
        world = make("pobax_tmaze", length=int(match[1]), **fields)
    else:
        world = make(env, **fields)
    return LastAction(world) if action_concat else world
