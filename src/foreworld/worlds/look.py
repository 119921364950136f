"""A person's world is looked at in plain Python before it is used in a program.

A few calls of ``reset``, ``step`` and ``render`` find in about a second what a program
would answer with zeros, or with an error about shapes. What was found good is
remembered by the fingerprint of the file.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from foreworld.core import registry
from foreworld.core.disk.folder import write_bytes
from foreworld.core.errors import ForeworldError
from foreworld.core.keys import named_key, pinned, root_key
from foreworld.core.parts.opening import opened
from foreworld.core.parts.partition import combine, partition
from foreworld.core.spaces import AbstractSpace
from foreworld.worlds._asked import TWICE, Asked
from foreworld.worlds._compare import leaves_of, names_of, same
from foreworld.worlds._late import check_episodes
from foreworld.worlds._looked import marker_of
from foreworld.worlds._played import random_action
from foreworld.worlds.base import AbstractWorld, Step, Turn
from foreworld.worlds.game import AbstractGame
from foreworld.worlds.rounds import rounds_of

_SECONDS, _NUM_STEPS = 0.5, 24
"""How long steps are taken one by one, and how many at most."""
_NUM_KEYS = 8


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
    for note in inspect(world, needs):
        print(note, file=sys.stderr)
    if marker is not None:
        with contextlib.suppress(ForeworldError, OSError):
            write_bytes(marker, b"", durable=False)


def inspect(world: AbstractWorld, needs: Needs) -> list[str]:
    """Look at any world, one of Foreworld too, whether or not it was looked at before.

    Parameters
    ----------
    world, needs
        As for :func:`look_at`.

    Returns
    -------
    list of str
        What is no fault, and perhaps not meant.

    Raises
    ------
    ConfigError
        As :func:`look_at`.
    """
    with pinned(wide=False):
        look = _Look(opened(world), needs)
        look.run()
    return look.notes


class _Look:
    """One look at one world."""

    def __init__(self, world: AbstractWorld, needs: Needs) -> None:
        self._world, self._needs = world, needs
        self._asked = Asked(world)
        self._turns = "turns" if isinstance(world, AbstractGame) else "allowed"
        self._key = root_key(0)
        self.notes: list[str] = []

    def run(self) -> None:
        """All of it."""
        self._spaces = self._declared("observation_space")
        self._actions = self._declared("action_space")
        with self._asked.words("period"):
            rounds_of(self._world)
        state, obs = self._start(self._key)
        self._check_obs("reset", obs)
        last = self._walk(state)
        if self._needs.pictures:
            self._check_pictures(state, last)
        self._trace(state)
        self._check_keys(state)
        self.notes += check_episodes(self._asked, self._key, self._needs.ends)

    def _declared(self, name: str) -> Any:
        with self._asked.words(name):
            found = getattr(self._world, name)
        game = isinstance(self._world, AbstractGame)
        inner = list(found.values()) if isinstance(found, dict) else [found]
        passive = found is None and name == "action_space"
        good = all(isinstance(one, AbstractSpace) for one in inner) or passive
        if not good or isinstance(found, dict) != (game and not passive):
            kind = "it must be a dictionary by agent of" if game else "it must be"
            raise self._asked.refuse(
                name, f"{kind} a Discrete, a Box or a Record, got {found!r}."
            )
        return found

    def _start(self, key: Any) -> tuple[Any, Any]:
        made = self._asked.twice("reset", key)
        if not isinstance(made, tuple) or len(made) != 2:
            raise self._asked.refuse(
                "reset", f"it must return (state, obs), got {made!r}."
            )
        return made

    def _check_turn(self, state: Any) -> None:
        """Whether the masks in a state fit the actions, and leave something to do."""
        method, game = self._turns, isinstance(self._world, AbstractGame)
        given = self._asked.twice(method, state)
        turn = given if game or given is None else Turn(jnp.asarray(True), given)
        if turn is None:
            return
        if self._actions is None:
            raise self._asked.refuse(method, "a passive world has no actions to allow.")
        for agent, space, one in self._asked.of_agents(
            method, "it", turn, self._actions
        ):
            if not isinstance(one, Turn):
                raise self._asked.refuse(
                    method, f"it{agent} must be a Turn, got {one!r}."
                )
            with self._asked.words(method, f"acting{agent} must be one flag"):
                acting = bool(one.acting)
            if acting and one.allowed is not None:
                with self._asked.words(method, f"what it gives{agent} is no mask"):
                    fault = space.fault(one.allowed)
                if fault:
                    raise self._asked.refuse(
                        method, f"{agent}{': ' * bool(agent)}{fault}."
                    )

    def _walk(self, state: Any) -> Any:
        """Some random steps one by one; the state that was reached."""
        begun, first = time.monotonic(), state
        for i in range(_NUM_STEPS):
            key = named_key(self._key, "step", i)
            self._check_turn(state)
            step = self._asked.twice(
                "step", state, random_action(self._world, state, key), key
            )
            if not isinstance(step, Step):
                raise self._asked.refuse(
                    "step", f"it must return a Step, got {step!r}."
                )
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
            raise self._asked.refuse(
                "step",
                f"its state holds {names_of(after)}, that of reset {names_of(before)}. "
                f"They must have the same structure.",
            )
        for (path, a), (_, b) in zip(before, after, strict=True):
            if (a.shape, a.dtype) != (b.shape, b.dtype):
                raise self._asked.refuse(
                    "step",
                    f"state{path} is {b.dtype}{list(b.shape)}, but {a.dtype}"
                    f"{list(a.shape)} after reset. It must stay the same; "
                    f".astype(jnp.{a.dtype}) converts it.",
                )

    def _check_obs(self, method: str, obs: Any) -> None:
        for agent, space, value in self._asked.of_agents(
            method, "obs", obs, self._spaces
        ):
            told, said = leaves_of(value), leaves_of(jax.tree.map(_blank, space.like))
            if names_of(told) != names_of(said):
                what = "one array" if len(said) == 1 else f"{names_of(said)}"
                raise self._asked.refuse(
                    method, f"obs{agent} must be {what}: {value!r}."
                )
            finite = True
            for (path, like), (_, found) in zip(said, told, strict=True):
                if (found.shape, found.dtype) != (like.shape, like.dtype):
                    raise self._asked.refuse(
                        method,
                        f"obs{agent}{path} is {found.dtype}{list(found.shape)}, but "
                        f"observation_space says {like.dtype}{list(like.shape)}.",
                    )
                numbers = np.asarray(found)
                if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
                    finite = False
                    if self._needs.ends:
                        raise self._asked.refuse(
                            method, f"obs{agent}{path} is not finite: {numbers}."
                        )
            # Data sets draw episodes again that are not finite.
            if finite and not bool(space.contains(value)):
                shown = jax.tree.map(np.asarray, value)
                raise self._asked.refuse(
                    method, f"obs{agent} {shown} is outside of {space}."
                )

    def _check_numbers(self, step: Step) -> bool:
        """Reward and ends; whether the episode is over."""
        ends = []
        for field in ("reward", "terminated", "truncated"):
            wanted = "float32" if field == "reward" else "bool"
            value = getattr(step, field)
            for agent, _, one in self._asked.of_agents(
                "step", field, value, self._spaces
            ):
                with self._asked.words("step", f"{field}{agent} is no number: {one!r}"):
                    found = np.asarray(jnp.asarray(one))
                kind = "f" if field == "reward" else "b"
                if found.shape or found.dtype.kind != kind:
                    raise self._asked.refuse(
                        "step",
                        f"{field}{agent} must be one {wanted}, got {found.dtype}"
                        f"{list(found.shape)}.",
                    )
                if kind == "f":
                    self._asked.check_finite("step", f"{field}{agent}", found)
                ends += [bool(found)] if kind == "b" else []
        return any(ends)

    def _check_pictures(self, state: Any, last: Any) -> None:
        frames = [self._asked.twice("render", one) for one in (state, last)]
        with self._asked.words("render", f"it must return an array, got {frames[0]!r}"):
            found = [np.asarray(jnp.asarray(frame)) for frame in frames]
        for one in found:
            if one.dtype != np.uint8 or one.ndim != 3 or one.shape[-1] not in (1, 3):
                raise self._asked.refuse(
                    "render",
                    f"it must give uint8[height, width, 1 or 3], got {one.dtype}"
                    f"{list(one.shape)}.",
                )
        if found[0].shape != found[1].shape:
            raise self._asked.refuse(
                "render",
                f"its size changes: {list(found[0].shape)} after reset, "
                f"{list(found[1].shape)} later.",
            )
        if isinstance(self._world, AbstractGame):
            for agent in self._world.agents:
                self._check_picture_for(agent, last, found[1])

    def _check_picture_for(self, agent: str, state: Any, whole: np.ndarray) -> None:
        given = self._asked.call("render_for", state, agent)
        with self._asked.words("render_for", f"it must return an array, got {given!r}"):
            found = np.asarray(jnp.asarray(given))
        if (found.dtype, found.shape) != (whole.dtype, whole.shape):
            raise self._asked.refuse(
                "render_for",
                f"for {agent!r} it must give {whole.dtype}{list(whole.shape)} like "
                f"render, got {found.dtype}{list(found.shape)}.",
            )

    def _trace(self, state: Any) -> None:
        """Whether the methods can be compiled, with traced fields as arrays."""
        static, traced, *rest = partition(self._world)
        action = random_action(self._world, state, self._key)
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

            with self._asked.words(method, compiled=True):
                fields = {path: np.float32(value) for path, value in traced.items()}
                jax.eval_shape(traced_call, fields, state, self._key)

    def _check_keys(self, state: Any) -> None:
        """Whether anything is random."""
        keys = [named_key(self._key, "other", i) for i in range(_NUM_KEYS)]
        starts = [self._asked.call("reset", key) for key in keys]
        self._check_again(keys, starts)
        if any(not same(starts[0], other) for other in starts[1:]):
            return
        action = random_action(self._world, state, self._key)
        steps = [self._asked.call("step", state, action, key) for key in keys]
        if any(not same(steps[0], other) for other in steps[1:]):
            return
        what = (
            "every episode begins alike: neither reset nor step makes use of its key. "
            "Draw the start with it, for example jax.random.uniform(key)."
        )
        if self._needs.random and self._actions is None:
            raise self._asked.refuse("reset", what)
        self.notes.append(f"{self._asked.name}.reset: {what}")

    def _check_again(self, keys: list[Any], starts: list[Any]) -> None:
        """Some time later: what reads a clock may repeat itself by chance at once."""
        begun = time.monotonic()
        for key, before in zip(keys, starts, strict=True):
            if not same(before, self._asked.call("reset", key)):
                raise self._asked.refuse("reset", TWICE)
            if time.monotonic() - begun > _SECONDS / 2:
                break


def _blank(like: jax.ShapeDtypeStruct) -> np.ndarray:
    return np.zeros(like.shape, like.dtype)
