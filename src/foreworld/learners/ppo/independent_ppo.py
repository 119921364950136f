"""Several PPO learners in one game, each with a network and settings of its own.

Source: independent learning, de Witt et al. 2020, arXiv 2011.09533.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import equinox as eqx
from jaxtyping import Array, Float, Key

from foreworld.core.errors import FitError, unknown_name
from foreworld.core.parts.part import Entries
from foreworld.learners.base import AbstractLearner, Budget, Metrics, Source
from foreworld.learners.ppo._agent import Agent
from foreworld.learners.ppo._joint import (
    JointState,
    evaluate_joint,
    init_joint,
    update_joint,
)
from foreworld.learners.ppo.ppo import PPO, check_choices
from foreworld.worlds.base import AbstractGame
from foreworld.worlds.policy import JointPolicy
from foreworld.worlds.rollout import measure_names

_SHARED = (
    "num_envs",
    "num_steps",
    "total_steps",
    "eval_num_lanes",
    "eval_num_episodes",
    "eval_num_steps",
)
"""Sizes of the episodes, which all agents are in together."""


class IndependentPPO(AbstractLearner):
    """Trains every agent of a game by PPO on the episodes that they play together.

    Each treats the others as part of the world. Agents learn from the steps in which
    they act. Metrics are suffixed by the agent (``entropy_even``);
    ``discounted_return`` without suffix is that of the first agent of the game, by
    which the learner is ranked (over all agents a zero-sum game is always worth zero).
    """

    score: ClassVar[str] = "discounted_return"

    agents: Annotated[dict[str, PPO], Entries(like="default")] = eqx.field(
        default_factory=dict
    )
    """settings by agent, which start as the default's; sizes of the episodes must be
    the same for all"""
    default: PPO = eqx.field(default_factory=PPO)
    """settings of the agents that are not named"""

    def check_fit(self, source: Source) -> None:
        """Whether the source is a game whose agents have a number of choices.

        Raises
        ------
        FitError
            It is not, agents are named that it does not have, or their sizes differ.
        """
        if not isinstance(source, AbstractGame):
            raise FitError(
                f"independent_ppo plays games of several agents, and "
                f"{type(source).__name__} is none. For a world of one agent use the "
                f"learner ppo."
            )
        for name in self.agents:
            if name not in source.agents:
                kind = f"agent of {type(source).__name__}"
                raise FitError(str(unknown_name(kind, name, source.agents)))
        spaces = source.action_space
        for name in source.agents:
            space = spaces[name] if isinstance(spaces, dict) else spaces
            check_choices(f"agent {name!r} of {type(source).__name__}", space)
            self._learner(name).check_sizes(source)
        first, *others = source.agents
        for field in _SHARED:
            one = getattr(self._learner(first), field)
            for name in others:
                other = getattr(self._learner(name), field)
                if one != other:
                    raise FitError(
                        f"agents play the same episodes, so {field} must be the same "
                        f"for all: {first!r} has {one}, {name!r} has {other}."
                    )

    def budget(self, source: Source) -> Budget:
        """Joint rollouts that fit into ``total_steps``."""
        return self._any(source).budget(source)

    def init(self, key: Key[Array, ""], source: Any) -> JointState:
        """Fresh parameters of all agents, and episodes."""
        return init_joint(source, self._bound(source), key, self._any(source).num_envs)

    def update(
        self,
        state: JointState,
        source: Any,
        key: Key[Array, ""],
        progress: Float[Array, ""],
    ) -> tuple[JointState, Metrics]:
        """One joint rollout and what each agent learns from it."""
        agents, num_steps = self._bound(source), self._any(source).num_steps
        state, metrics = update_joint(source, agents, state, key, progress, num_steps)
        return state, _flat(source, metrics)

    def evaluate(self, state: JointState, source: Any, key: Key[Array, ""]) -> Metrics:
        """Means over the first episodes of fresh lanes, actions sampled."""
        sizes = self._any(source).eval_sizes(source)
        played = evaluate_joint(source, self._bound(source), state, key, sizes)
        return _flat(source, played)

    def score_on(self, source: Any) -> str:
        """What ranks agents in this game: a measure, or the first agent's return."""
        return source.score

    def when_uncounted(self) -> str:
        """As for one agent: all play the same evaluation."""
        return self.default.when_uncounted()

    def policy(self, state: JointState, source: Any) -> JointPolicy:
        """All agents as one policy that maps dictionaries to dictionaries."""
        bound = self._bound(source).items()
        return JointPolicy({n: agent.policy(state.agents[n]) for n, agent in bound})

    def _learner(self, name: str) -> PPO:
        return self.agents.get(name, self.default)

    def _any(self, game: Any) -> PPO:
        """One of the learners, for what all of them share."""
        return self._learner(game.agents[0])

    def _bound(self, game: Any) -> dict[str, Agent]:
        observations, actions = game.observation_space, game.action_space
        return {
            n: Agent(self._learner(n), observations[n], actions[n], game.discount)
            for n in game.agents
        }


def _flat(game: AbstractGame, metrics: dict[str, Metrics]) -> Metrics:
    """Metrics of all agents in one dictionary; what is of the game is there once."""
    first = metrics[game.agents[0]]
    common = ["episode_len", *measure_names(game)]
    flat = {name: first[name] for name in ("discounted_return", *common)}
    for agent, own in metrics.items():
        flat |= {f"{n}_{agent}": m for n, m in own.items() if n not in common}
    return flat
