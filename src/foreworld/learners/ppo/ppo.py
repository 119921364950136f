"""Proximal policy optimisation, of one agent or of several that play a game.

Source: Schulman et al. 2017, arXiv 1707.06347; several agents learn independently, de
Witt et al. 2020, arXiv 2011.09533.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import equinox as eqx
import jax
from jaxtyping import Array, Float, Key

from foreworld.core.errors import ConfigError, FitError, unknown_name
from foreworld.core.keys import root_key
from foreworld.core.parts.part import Bounded, Entries, field_specs
from foreworld.learners.base import AbstractLearner, Budget, RunsBy, Source
from foreworld.learners.metrics import Metrics
from foreworld.learners.ppo._agent import Agent
from foreworld.learners.ppo._frozen import check_frozen
from foreworld.learners.ppo._joint import (
    JointState,
    by_agent,
    evaluate_joint,
    init_joint,
    update_joint,
)
from foreworld.learners.ppo.base import AbstractSettings, AgentSettings
from foreworld.learners.start import Start, started
from foreworld.nn.distributions import num_outputs
from foreworld.worlds.base import AbstractWorld
from foreworld.worlds.game import AbstractGame
from foreworld.worlds.policy import AbstractPolicy, JointPolicy
from foreworld.worlds.rollout import measure_names
from foreworld.worlds.rounds import rounds_of, whole_periods


class PPO(AbstractSettings, AbstractLearner):
    """Learns to act in a world, or every agent's part in a game.

    Discounting is the world's. Values bootstrap through truncation: only a state that
    the world itself ended is worth nothing more. It is ranked by the discounted return,
    which is what it maximises and what tells a fast solution from a slow one.

    In a game each agent has a network of its own, treats the others as part of the
    world and learns from the steps in which it acts. Metrics are suffixed by the agent
    (``entropy_even``); ``discounted_return`` without suffix is that of the first agent
    of the game (over all agents a zero-sum game is always worth zero).
    """

    version: ClassVar[int] = 2
    score: ClassVar[str] = "discounted_return"

    num_envs: Annotated[int, Bounded(low=1, unit="lanes")] = 4
    """episodes side by side"""
    num_steps: Annotated[int, Bounded(low=1, unit="steps")] = 128
    """steps of each lane in a rollout"""
    total_steps: Annotated[int, Bounded(low=1, unit="environment steps")] = 1_500_000
    """length of training, rounded down to whole rollouts"""
    agents: Annotated[dict[str, AgentSettings], Entries(like="shared")] = eqx.field(
        default_factory=dict
    )
    """in a game: settings of agents by name, which start as those above"""
    eval_num_lanes: Annotated[int, Bounded(low=1, unit="lanes")] = 16
    """lanes of an evaluation"""
    eval_num_episodes: Annotated[int, Bounded(low=1, unit="episodes")] = 1
    """how many episodes of each lane count; with more, slow ones may be cut off"""
    eval_num_steps: Annotated[int, Bounded(low=0, unit="steps")] = 0
    """steps of each lane; 0 for the world's limit, so that no episode is cut off"""

    @property
    def runs_by(self) -> RunsBy:
        """As the networks of its agents are best made."""
        settings: list[AbstractSettings] = [self, *self.agents.values()]
        one_by_one = any(one.network.runs_by == "scan" for one in settings)
        return "scan" if one_by_one else "vmap"

    @property
    def shared(self) -> AgentSettings:
        """Settings of the agents that are not named."""
        names = (spec.name for spec in field_specs(AgentSettings))
        return AgentSettings(**{name: getattr(self, name) for name in names})

    def check_fit(self, source: Source) -> None:
        """Whether the source is a world or a game that something can be learned in.

        Raises
        ------
        FitError
            It is not, or sizes do not fit together; says which and what to do.
        """
        if not isinstance(source, AbstractWorld):
            raise FitError(
                "ppo acts in a world and cannot learn from a data set. Give it a "
                "world, such as tmaze."
            )
        name = type(source).__name__
        if source.action_space is None:
            raise FitError(
                f"{name} is passive: nothing acts in it, so ppo has nothing to learn. "
                f"Use a learner of data, such as rnn_deconvolve, on a data set of it."
            )
        self._check_sizes(source)
        self._check_score(source)
        known = source.agents if isinstance(source, AbstractGame) else ()
        for agent in self.agents:
            if not known:
                raise FitError(
                    f"agents.{agent} is set, but {name} is no game: it has one agent, "
                    f"whose settings are ppo's own."
                )
            if agent not in known:
                raise FitError(str(unknown_name(f"agent of {name}", agent, known)))
        for agent, one in self._bound(source).items():
            who = f"agent {agent!r} of {name}" if known else name
            _check_agent(who, one, self.num_envs, self.num_steps)

    def _check_score(self, world: AbstractWorld) -> None:
        """Refuse a score that no evaluation gives, before all training was for it."""
        own = ["discounted_return", "episode_return"]
        names = ["discounted_return", "episode_len", *measure_names(world)]
        if isinstance(world, AbstractGame):
            names += [f"{name}_{agent}" for name in own for agent in world.agents]
        else:
            names += own[1:]
        if world.score not in names:
            raise FitError(
                f"{type(world).__name__}.score={world.score!r} is none of what counts "
                f"at an episode's end: {', '.join(names)}. Add it to its measures, or "
                f"name another."
            )

    def _check_sizes(self, source: AbstractWorld) -> None:
        try:
            whole_periods(source, self.num_steps, "num_steps")
        except ConfigError as error:
            raise FitError(str(error)) from error
        if self.total_steps < self.num_envs * self.num_steps:
            raise FitError(
                f"total_steps={self.total_steps} is less than one rollout of "
                f"{self.num_envs} x {self.num_steps} = {self.num_envs * self.num_steps}"
                f" steps (num_envs x num_steps). Train longer or make it smaller."
            )
        if source.max_episode_len == 0 and self.eval_num_steps == 0:
            raise FitError(
                f"{type(source).__name__} has no time limit, so the length of an "
                f"evaluation must be given: set eval_num_steps, or max_episode_len of "
                f"the world."
            )

    def budget(self, source: Source) -> Budget:
        """Rollouts that fit into ``total_steps``."""
        steps = self.num_envs * self.num_steps
        return Budget(self.total_steps // steps, steps, "environment steps")

    def init(
        self, key: Key[Array, ""], source: Any, start: Start | None = None
    ) -> JointState:
        """Fresh parameters of all agents, and episodes; or those of another run."""
        state = init_joint(source, self._bound(source), key, self.num_envs)
        return started(state, start)

    def update(
        self,
        state: JointState,
        source: Any,
        key: Key[Array, ""],
        progress: Float[Array, ""],
    ) -> tuple[JointState, Metrics]:
        """One rollout and what each agent learns from it."""
        agents, num_steps = self._bound(source), self.num_steps
        state, metrics = update_joint(source, agents, state, key, progress, num_steps)
        return state, _flat(source, metrics)

    def evaluate(self, state: JointState, source: Any, key: Key[Array, ""]) -> Metrics:
        """Means over the first episodes of fresh lanes, actions sampled."""
        sizes = self.eval_sizes(source)
        played = evaluate_joint(source, self._bound(source), state, key, sizes)
        return _flat(source, played)

    def policy(self, state: JointState, source: Any) -> AbstractPolicy:
        """The actor, which samples; of a game all agents as one policy."""
        bound = self._bound(source).items()
        policies: dict[str, AbstractPolicy] = {
            name: agent.policy(state.agents[name]) for name, agent in bound
        }
        if isinstance(source, AbstractGame):
            return JointPolicy(policies)
        return next(iter(policies.values()))

    def score_on(self, source: Any) -> str:
        """The measure or the return that ranks agents in this world."""
        return source.score

    def scheduled(self, progress: float) -> dict[str, float]:
        """Learning rates that fall over a run."""
        every = {"": self, **{f"agents.{n}.": one for n, one in self.agents.items()}}
        return {
            f"{lead}learning_rate": float(one.rate_at(progress))
            for lead, one in every.items()
            if one.anneal > 0
        }

    def when_uncounted(self) -> str:
        """Episodes are longer than an evaluation."""
        limit = self.eval_num_steps
        return (
            f"No episode ended in an evaluation, so nothing was counted: "
            f"eval_num_steps={limit} is shorter than every episode. Give more steps, "
            f"or 0 for the world's own limit; longer training does not help."
            if limit
            else "No episode ended in an evaluation, so nothing was counted."
        )

    def eval_sizes(self, world: AbstractWorld) -> tuple[int, int, int]:
        """Lanes, steps and counted episodes of an evaluation."""
        steps = self.eval_num_steps or world.max_episode_len
        return self.eval_num_lanes, steps, self.eval_num_episodes

    def _bound(self, world: Any) -> dict[str, Agent]:
        """The agents of a world, each with its settings and spaces."""
        spaces = world.observation_space, world.action_space
        observations, actions = (by_agent(world, one) for one in spaces)
        rounds = rounds_of(world)
        game = isinstance(world, AbstractGame)
        spoken = {
            n: tuple(i for i, one in enumerate(rounds) if not game or n in one)
            for n in actions
        }
        return {
            n: Agent(
                self.agents.get(n, self),
                observations[n],
                actions[n],
                world.discount,
                len(rounds),
                spoken[n],
            )
            for n in actions
        }


def _check_agent(who: str, agent: Agent, num_envs: int, num_steps: int) -> None:
    """Refuse spaces that a network or a distribution cannot have, and odd sizes."""
    settings = agent.settings
    try:
        num_outputs(agent.action_space)
        state = jax.eval_shape(lambda key: agent.init(key, 1), root_key(0))
        check_frozen(state.network, settings.freeze)
    except (ConfigError, FitError) as error:
        raise FitError(f"{who}: {error}") from error
    groups = settings.num_minibatches
    if jax.tree.leaves(state.memory) and num_envs % groups != 0:
        raise FitError(
            f"num_envs={num_envs} must be divisible by num_minibatches={groups}, "
            f"because a minibatch of a network with a memory is a group of whole "
            f"lanes. Change one of them."
        )
    rows = num_envs * (num_steps // agent.num_rounds) * len(agent.spoken)
    if rows % groups != 0:
        raise FitError(
            f"{rows} steps of a rollout (num_envs={num_envs}, num_steps={num_steps}) "
            f"must be divisible by num_minibatches={groups}. Change one of them."
        )


def _flat(world: AbstractWorld, metrics: dict[str, Metrics]) -> Metrics:
    """Metrics of all agents in one dictionary; what is of the game is there once."""
    if not isinstance(world, AbstractGame):
        return next(iter(metrics.values()))
    # By name: in programs dictionaries are in the order of their keys.
    first = metrics[world.agents[0]]
    common = ["episode_len", *measure_names(world)]
    flat = {name: first[name] for name in ("discounted_return", *common)}
    for agent, own in metrics.items():
        flat |= {f"{n}_{agent}": m for n, m in own.items() if n not in common}
    return flat
