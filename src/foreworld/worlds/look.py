"""A person's world is looked at in plain Python before it is used in a program.

A few calls of ``reset``, ``step`` and ``render`` find in about a second what a program
would answer with zeros, or with an error about shapes. What was found good is
remembered by the fingerprint of the file.
"""

from __future__ import annotations

import contextlib
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from foreworld.core import registry
from foreworld.core.callbacks import origin
from foreworld.core.disk.folder import write_bytes
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.keys import named_key, pinned, root_key
from foreworld.core.parts.opening import opened
from foreworld.core.parts.partition import combine, partition
from foreworld.core.spaces import AbstractSpace
from foreworld.worlds._compare import leaves_of, names_of, numpy_random, same
from foreworld.worlds._looked import marker_of
from foreworld.worlds.base import AbstractGame, AbstractWorld, Step, Turn

_SECONDS, _NUM_STEPS = 0.5, 24
"""How long steps are taken one by one, and how many at most."""
_NUM_KEYS = 8
_GLOBAL = (
    "it draws from the global random numbers of Python or NumPy, which a program draws "
    "once for ever. Draw with the key: jax.random."
)
_LANES, _LONG = 8, 2000
"""Episodes and random steps in which a world without a time limit should end."""


class Needs(NamedTuple):
    """What a world is used for.

    Attributes
    ----------
    pictures
        It is drawn.
    ends
        Its episodes have to end.
    random
        Its episodes have to differ; not so where its fields are drawn.
    """

    pictures: bool = True
    ends: bool = False
    random: bool = False


def look_at(world: AbstractWorld, needs: Needs | None = None) -> None:
    """Refuse a world that does not keep the contract of worlds.

    Worlds of Foreworld are not looked at; the one that stands for a foreign environment
    tries that out.

    Parameters
    ----------
    world
        Any world or game.
    needs
        What it is used for; by default it is drawn.

    Raises
    ------
    ConfigError
        Names the world, the method and what is wrong.
    """
    world.rehearse()
    file, needs = registry.code_of(type(world)), needs or Needs()
    if file is None:
        return
    marker = marker_of(world, file, str(needs))
    if marker is not None and marker.exists():
        return
    with pinned(wide=False):
        _Look(opened(world), needs).run()
    if marker is not None:
        with contextlib.suppress(ForeworldError, OSError):
            write_bytes(marker, b"", durable=False)


class _Look:
    """One look at one world."""

    def __init__(self, world: AbstractWorld, needs: Needs) -> None:
        self._world, self._needs = world, needs
        self._name = type(world).__name__
        self._turns = "turns" if isinstance(world, AbstractGame) else "allowed"
        self._key = root_key(0)

    def run(self) -> None:
        """All of it."""
        self._spaces = self._declared("observation_space")
        self._actions = self._declared("action_space")
        state, obs = self._start(self._key)
        self._check_obs("reset", obs)
        last = self._walk(state)
        if self._needs.pictures:
            self._check_pictures(state, last)
        self._trace(state)
        self._check_keys(state)
        if self._needs.ends and self._actions is not None:
            self._check_ends()

    def _refuse(self, method: str, what: str) -> ConfigError:
        return ConfigError(f"{self._name}.{method}: {what}")

    def _declared(self, name: str) -> Any:
        with self._words(name):
            found = getattr(self._world, name)
        game = isinstance(self._world, AbstractGame)
        inner = list(found.values()) if isinstance(found, dict) else [found]
        passive = found is None and name == "action_space"
        good = all(isinstance(one, AbstractSpace) for one in inner) or passive
        if not good or isinstance(found, dict) != (game and not passive):
            kind = "it must be a dictionary by agent of" if game else "it must be"
            raise self._refuse(
                name, f"{kind} a Discrete, a Box or a Record, got {found!r}."
            )
        return found

    def _start(self, key: Any) -> tuple[Any, Any]:
        made = self._twice("reset", key)
        if not isinstance(made, tuple) or len(made) != 2:
            raise self._refuse("reset", f"it must return (state, obs), got {made!r}.")
        return made

    def _action(self, state: Any, key: Any) -> Any:
        """A random one of those that are allowed."""
        masks = self._masks(self._world.turn(state))
        if not isinstance(self._actions, dict):
            if self._actions is None:
                return None
            return self._actions.sample(key, masks.get(""))
        return {
            agent: space.sample(named_key(key, agent), masks.get(agent))
            for agent, space in self._actions.items()
        }

    def _masks(self, turn: Any) -> dict[str, Any]:
        """Masks by agent; that of a single agent under the empty name."""
        turns = turn if isinstance(turn, dict) else {"": turn}
        return {n: one.allowed for n, one in turns.items() if one is not None}

    def _check_turn(self, state: Any) -> None:
        """Whether the masks in a state fit the actions, and leave something to do."""
        method, game = self._turns, isinstance(self._world, AbstractGame)
        given = self._twice(method, state)
        turn = given if game or given is None else Turn(jnp.asarray(True), given)
        if turn is None:
            return
        if self._actions is None:
            raise self._refuse(method, "a passive world has no actions to allow.")
        for agent, space, one in self._of_agents(method, "it", turn, self._actions):
            if not isinstance(one, Turn):
                raise self._refuse(method, f"it{agent} must be a Turn, got {one!r}.")
            with self._words(method, f"acting{agent} must be one flag"):
                acting = bool(one.acting)
            if acting and one.allowed is not None:
                with self._words(method, f"what it gives{agent} is no mask"):
                    fault = space.fault(one.allowed)
                if fault:
                    raise self._refuse(method, f"{agent}{': ' * bool(agent)}{fault}.")

    def _walk(self, state: Any) -> Any:
        """Some random steps one by one; the state that was reached."""
        begun, first = time.monotonic(), state
        for i in range(_NUM_STEPS):
            key = named_key(self._key, "step", i)
            self._check_turn(state)
            step = self._twice("step", state, self._action(state, key), key)
            if not isinstance(step, Step):
                raise self._refuse("step", f"it must return a Step, got {step!r}.")
            self._check_state(first, step.state)
            self._check_obs("step", step.obs)
            ended = self._check_numbers(step)
            state = step.state
            if ended or time.monotonic() - begun > _SECONDS:
                break
        return state

    def _check_state(self, first: Any, state: Any) -> None:
        before, after = leaves_of(first), leaves_of(state)
        if jax.tree.structure(first) != jax.tree.structure(state):
            raise self._refuse(
                "step",
                f"its state holds {names_of(after)}, that of reset {names_of(before)}. "
                f"They must have the same structure.",
            )
        for (path, a), (_, b) in zip(before, after, strict=True):
            if (a.shape, a.dtype) != (b.shape, b.dtype):
                raise self._refuse(
                    "step",
                    f"state{path} is {b.dtype}{list(b.shape)}, but {a.dtype}"
                    f"{list(a.shape)} after reset. It must stay the same; "
                    f".astype(jnp.{a.dtype}) converts it.",
                )

    def _check_obs(self, method: str, obs: Any) -> None:
        for agent, space, value in self._of_agents(method, "obs", obs, self._spaces):
            told, said = leaves_of(value), leaves_of(jax.tree.map(_blank, space.like))
            if names_of(told) != names_of(said):
                what = "one array" if len(said) == 1 else f"{names_of(said)}"
                raise self._refuse(method, f"obs{agent} must be {what}: {value!r}.")
            finite = True
            for (path, like), (_, found) in zip(said, told, strict=True):
                if (found.shape, found.dtype) != (like.shape, like.dtype):
                    raise self._refuse(
                        method,
                        f"obs{agent}{path} is {found.dtype}{list(found.shape)}, but "
                        f"observation_space says {like.dtype}{list(like.shape)}.",
                    )
                numbers = np.asarray(found)
                if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
                    finite = False
                    if self._needs.ends:
                        raise self._refuse(
                            method, f"obs{agent}{path} is not finite: {numbers}."
                        )
            # Data sets draw episodes again that are not finite.
            if finite and not bool(space.contains(value)):
                shown = jax.tree.map(np.asarray, value)
                raise self._refuse(method, f"obs{agent} {shown} is outside of {space}.")

    def _check_numbers(self, step: Step) -> bool:
        """Reward and ends; whether the episode is over."""
        ends = []
        for field in ("reward", "terminated", "truncated"):
            wanted = "float32" if field == "reward" else "bool"
            value = getattr(step, field)
            for agent, _, one in self._of_agents("step", field, value, self._spaces):
                with self._words("step", f"{field}{agent} is no number: {one!r}"):
                    found = np.asarray(jnp.asarray(one))
                kind = "f" if field == "reward" else "b"
                if found.shape or found.dtype.kind != kind:
                    raise self._refuse(
                        "step",
                        f"{field}{agent} must be one {wanted}, got {found.dtype}"
                        f"{list(found.shape)}.",
                    )
                if kind == "f" and self._needs.ends and not np.isfinite(found):
                    raise self._refuse("step", f"{field}{agent} is {found}.")
                ends += [bool(found)] if kind == "b" else []
        return any(ends)

    def _of_agents(
        self, method: str, field: str, value: Any, spaces: Any
    ) -> Iterator[tuple[str, Any, Any]]:
        """Words for the agent, its space and its value; one for a single agent."""
        if not isinstance(spaces, dict):
            yield "", spaces, value
            return
        if not isinstance(value, dict) or set(value) != set(spaces):
            raise self._refuse(
                method,
                f"{field} must be a dictionary by agent ({', '.join(spaces)}), got "
                f"{value!r}.",
            )
        for agent, space in spaces.items():
            yield f"[{agent!r}]", space, value[agent]

    def _check_pictures(self, state: Any, last: Any) -> None:
        frames = [self._twice("render", one) for one in (state, last)]
        with self._words("render", f"it must return an array, got {frames[0]!r}"):
            found = [np.asarray(jnp.asarray(frame)) for frame in frames]
        for one in found:
            if one.dtype != np.uint8 or one.ndim != 3 or one.shape[-1] not in (1, 3):
                raise self._refuse(
                    "render",
                    f"it must give uint8[height, width, 1 or 3], got {one.dtype}"
                    f"{list(one.shape)}.",
                )
        if found[0].shape != found[1].shape:
            raise self._refuse(
                "render",
                f"its size changes: {list(found[0].shape)} after reset, "
                f"{list(found[1].shape)} later.",
            )

    def _trace(self, state: Any) -> None:
        """Whether the methods can be compiled, with traced fields as arrays."""
        static, traced, *rest = partition(self._world)
        action = self._action(state, self._key)
        calls: dict[str, Callable[..., Any]] = {
            "reset": lambda w, s, k: w.reset(k),
            "step": lambda w, s, k: w.step(s, action, k),
            self._turns: lambda w, s, k: w.turn(s),
        }
        if self._needs.pictures:
            calls["render"] = lambda w, s, k: w.render(s)
        for method, call in calls.items():

            def traced_call(fields: Any, s: Any, k: Any, call: Any = call) -> Any:
                return call(combine(static, fields, *rest), s, k)

            with self._words(method, compiled=True):
                fields = {path: np.float32(value) for path, value in traced.items()}
                jax.eval_shape(traced_call, fields, state, self._key)

    def _check_keys(self, state: Any) -> None:
        """Whether anything is random."""
        keys = [named_key(self._key, "other", i) for i in range(_NUM_KEYS)]
        starts = [self._call("reset", key) for key in keys]
        if any(not same(starts[0], other) for other in starts[1:]):
            return
        action = self._action(state, self._key)
        steps = [self._call("step", state, action, key) for key in keys]
        if any(not same(steps[0], other) for other in steps[1:]):
            return
        what = (
            "every episode begins alike: neither reset nor step makes use of its key. "
            "Draw the start with it, for example jax.random.uniform(key)."
        )
        if self._needs.random and self._actions is None:
            raise self._refuse("reset", what)
        print(f"{self._name}.reset: {what}", file=sys.stderr)

    def _check_ends(self) -> None:
        """Whether an episode ends, where there is no time limit."""
        if self._world.max_episode_len:
            return
        world = self._world

        def go(state: Any, key: Any) -> tuple[Any, Any]:
            step = world.step(state, self._action(state, named_key(key, "act")), key)
            ends = jax.tree.leaves((step.terminated, step.truncated))
            return step.state, jnp.any(jnp.stack([jnp.asarray(e) for e in ends]))

        def lane(key: Any) -> Any:
            return jax.lax.scan(go, world.reset(key)[0], jax.random.split(key, _LONG))

        with self._words("step", compiled=True):
            ended = jax.jit(jax.vmap(lane))(jax.random.split(self._key, _LANES))[1]
        if not bool(jnp.any(ended)):
            raise ConfigError(
                f"{self._name}.max_episode_len=0 sets no time limit, and nothing else "
                f"ended any of {_LANES} episodes of {_LONG} random steps. Give the "
                f"longest episode, for example max_episode_len=1000."
            )

    def _twice(self, method: str, *args: Any) -> Any:
        before = random.getstate()
        first = self._call(method, *args)
        drawn = random.getstate() != before
        if not same(first, self._call(method, *args)):
            # Others may draw too, such as checkers of types: only a difference tells.
            if drawn:
                raise self._refuse(method, _GLOBAL)
            raise self._refuse(
                method,
                "two calls with the same arguments differ. It must depend on its "
                "arguments alone; all randomness comes from the key.",
            )
        return first

    def _call(self, method: str, *args: Any) -> Any:
        before = numpy_random()
        with self._words(method):
            made = getattr(self._world, method)(*args)
            jax.block_until_ready(jax.tree.leaves(made))
        if numpy_random() != before:
            raise self._refuse(method, _GLOBAL)
        return made

    @contextlib.contextmanager
    def _words(
        self, method: str, what: str = "", compiled: bool = False
    ) -> Iterator[None]:
        """Say which method an error came from, and the person's own line."""
        try:
            yield
        except ForeworldError:
            raise
        except Exception as error:
            lines = str(error).strip().splitlines()
            said = f"{type(error).__name__}: {lines[0] if lines else ''}"
            if compiled:
                what = (
                    "it cannot be part of a program, where values are not known yet "
                    "(jnp.where takes the place of 'if', jnp that of np)"
                )
            what = what or "it raised an error"
            raise self._refuse(method, f"{what}: {said}{origin(error)}") from error


def _blank(like: jax.ShapeDtypeStruct) -> np.ndarray:
    return np.zeros(like.shape, like.dtype)
