"""Proximal policy optimisation with a recurrent memory, or without one.

Source: Schulman et al. 2017, arXiv 1707.06347; networks and defaults of Tao et al.
2025, "POBAX", arXiv 2508.00046.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from jaxtyping import Array, Float, Key

from foreworld.core.errors import FitError
from foreworld.core.parts.part import Bounded, Traced
from foreworld.core.spaces import Discrete, Space
from foreworld.learners.base import AbstractLearner, Budget, Metrics, Source
from foreworld.learners.ppo._agent import ActorPolicy, Agent
from foreworld.learners.ppo._joint import (
    SOLO,
    JointState,
    evaluate_joint,
    init_joint,
    update_joint,
)
from foreworld.learners.ppo._networks import MemoryKind
from foreworld.worlds.base import AbstractGame, AbstractWorld

Count = Annotated[int, Bounded(low=1)]


class PPO(AbstractLearner):
    """Learns to act in a world with a number of choices.

    Discounting is the world's. Values bootstrap through truncation: only a state that
    the world itself ended is worth nothing more. It is ranked by the discounted return,
    which is what it maximises and what tells a fast solution from a slow one.
    """

    score: ClassVar[str] = "discounted_return"

    learning_rate: Annotated[float, Traced(low=0)] = 2.5e-4
    """step size of Adam"""
    anneal: Annotated[float, Traced(low=0, high=1)] = 1.0
    """share of the learning rate that has decayed, linearly, at the end; 0 for none"""
    lambda0: Annotated[float, Traced(low=0, high=1)] = 0.95
    """lambda of the advantage estimates and value targets"""
    value_coef: Annotated[float, Traced(low=0)] = 0.5
    """weight of the value loss"""
    entropy_coef: Annotated[float, Traced(low=0)] = 0.01
    """weight of the entropy bonus"""
    clip_eps: Annotated[float, Traced(low=0)] = 0.2
    """clipping range of probability ratios and of value changes"""
    max_grad_norm: Annotated[float, Traced(low=0)] = 0.5
    """longer gradients are shortened to this length; 0 for no limit"""
    adam_eps: Annotated[float, Traced(above=0)] = 1e-5
    """added to the root of Adam's second moment"""
    memory: MemoryKind = "gru"
    """recurrent memory, or "none" for a policy of the present observation only"""
    hidden_size: Count = 128
    """width of all layers and of the memory"""
    action_concat: bool = False
    """show the network the action before, as a one-hot code, zero at a start"""
    num_envs: Annotated[int, Bounded(low=1, unit="lanes")] = 4
    """episodes side by side"""
    num_steps: Annotated[int, Bounded(low=1, unit="steps")] = 128
    """steps of each lane in a rollout"""
    num_epochs: Count = 4
    """passes over a rollout"""
    num_minibatches: Count = 4
    """groups of lanes in a pass; divides num_envs"""
    total_steps: Annotated[int, Bounded(low=1, unit="environment steps")] = 1_500_000
    """length of training, rounded down to whole rollouts"""
    eval_num_lanes: Annotated[int, Bounded(low=1, unit="lanes")] = 16
    """lanes of an evaluation"""
    eval_num_episodes: Annotated[int, Bounded(low=1, unit="episodes")] = 1
    """how many episodes of each lane count; with more, slow ones may be cut off"""
    eval_num_steps: Annotated[int, Bounded(low=0, unit="steps")] = 0
    """steps of each lane; 0 for the world's limit, so that no episode is cut off"""

    def check_fit(self, source: Source) -> None:
        """Whether the source is a world of one agent with a number of choices.

        Raises
        ------
        FitError
            It is not, or sizes do not fit together; says which and what to do.
        """
        world = self.check_sizes(source)
        if isinstance(world, AbstractGame):
            raise FitError(
                f"ppo learns one agent, but {type(world).__name__} is a game of "
                f"{', '.join(world.agents)}. Use the learner independent_ppo."
            )
        check_choices(type(world).__name__, world.action_space)

    def check_sizes(self, source: Source) -> AbstractWorld:
        """The source as a world, after the checks that games share.

        Raises
        ------
        FitError
            As :meth:`check_fit`.
        """
        if not isinstance(source, AbstractWorld):
            raise FitError(
                "ppo acts in a world and cannot learn from a data set. Give it a "
                "world, such as tmaze."
            )
        if source.action_space is None:
            check_choices(type(source).__name__, None)
        if self.num_envs % self.num_minibatches != 0:
            raise FitError(
                f"num_envs={self.num_envs} must be divisible by num_minibatches="
                f"{self.num_minibatches}, because a minibatch is a group of whole "
                f"lanes. Change one of them."
            )
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
        return source

    def budget(self, source: Source) -> Budget:
        """Rollouts that fit into ``total_steps``."""
        steps = self.num_envs * self.num_steps
        return Budget(self.total_steps // steps, steps, "environment steps")

    def init(self, key: Key[Array, ""], source: Any) -> JointState:
        """Fresh parameters and episodes."""
        return init_joint(source, self._solo(source), key, self.num_envs)

    def update(
        self,
        state: JointState,
        source: Any,
        key: Key[Array, ""],
        progress: Float[Array, ""],
    ) -> tuple[JointState, Metrics]:
        """One rollout and its epochs."""
        agents, num_steps = self._solo(source), self.num_steps
        state, metrics = update_joint(source, agents, state, key, progress, num_steps)
        return state, metrics[SOLO]

    def evaluate(self, state: JointState, source: Any, key: Key[Array, ""]) -> Metrics:
        """Means over the first episodes of fresh lanes, actions sampled."""
        sizes = self.eval_sizes(source)
        return evaluate_joint(source, self._solo(source), state, key, sizes)[SOLO]

    def policy(self, state: JointState, source: Any) -> ActorPolicy:
        """The actor, which samples; see also its method ``think``."""
        return self._solo(source)[SOLO].policy(state.agents[SOLO])

    def score_on(self, source: Any) -> str:
        """The measure or the return that ranks agents in this world."""
        return source.score

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

    def _solo(self, world: Any) -> dict[str, Agent]:
        spaces = world.observation_space, world.action_space
        return {SOLO: Agent(self, *spaces, world.discount)}


def check_choices(who: str, space: Space | dict[str, Space] | None) -> None:
    """Refuse spaces that are not a number of choices.

    Parameters
    ----------
    who
        Whose space it is, the beginning of the message.
    space
        Action space; ``None`` for a passive world.

    Raises
    ------
    FitError
        Names whose space it is and what it holds.
    """
    if space is None:
        raise FitError(
            f"{who} is passive: nothing acts in it, so ppo has nothing to learn. Use a "
            f"learner of data, such as rnn_deconvolve, on a data set of it."
        )
    if not isinstance(space, Discrete):
        raise FitError(
            f"{who} has actions {space}, but ppo needs a number of choices (Discrete)."
        )
