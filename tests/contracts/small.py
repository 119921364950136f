"""Parts of the registry made small, so that contract tests are quick."""

from foreworld.core.parts.paths import field_paths, set_path, whole_path
from foreworld.core.registry import entries
from foreworld.learners.base import AbstractLearner
from foreworld.networks.base import AbstractNetwork
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.make import make

_PPO = {
    "network": {"hidden_size": 4, "num_layers": 1},
    "num_steps": 8,
    "num_epochs": 1,
    "num_minibatches": 2,
    "eval_num_lanes": 2,
    "eval_num_steps": 8,
}
_DECONVOLVE = {
    "batch_size": 2,
    "window_len": 5,
    "hidden_size": 4,
    "encoder_widths": (4, 4),
    "renderer_widths": (4, 4),
    "num_layers": 1,
    "skip": 2,
    "norm": "none",
    "num_eval_sequences": 2,
}
_FIELDS = {
    "ppo": _PPO,
    "context_rnn": {
        "batch_size": 2,
        "num_context": 1,
        "num_context_frames": 2,
        "window_len": 5,
        "num_scored": 2,
        "hidden_size": 4,
        "embedding_size": 3,
        "encoder_widths": (4, 4),
        "renderer_widths": (4, 4),
        "num_eval_sequences": 2,
    },
    "rnn_deconvolve": _DECONVOLVE,
    "padded_deconvolve": {"model": _DECONVOLVE},
}
"""A learner that is not here is tested with its defaults."""

_MAZE = {"length": 3, "max_episode_len": 20}
_WORLDS = {
    "tmaze": _MAZE,
    "pobax_tmaze": _MAZE,
    "gymnasium": {"max_episode_len": 10},
    # Before chaos makes much of the last bit.
    "lennard_jones": {"thermalisation": 0.2},
}


def small_world(name: str) -> AbstractWorld:
    """A world by name."""
    return make(name, **_WORLDS.get(name, {}))


def small(name: str) -> AbstractLearner:
    """A learner by name."""
    cls, fields = entries("learners")[name].load(), _FIELDS.get(name, {})
    return cls(**fields)


def small_network(name: str) -> AbstractNetwork:
    """A network by name."""
    network = entries("networks")[name].load()()
    path = whole_path("hidden_size", field_paths(network))
    return set_path(network, path, 8)
