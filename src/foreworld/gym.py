"""Worlds for other suites: Gymnasium ids of all worlds, and gymnax environments.

Importing this module registers every world with Gymnasium, so that
``gymnasium.make("foreworld.gym:foreworld/TMaze-v0", length=5)`` works. Neither JAX nor
any world is imported before an environment is made. The number behind the ``v`` is
that of this adapter.
"""

from __future__ import annotations

import ast
from typing import Any

from foreworld.core.errors import ConfigError
from foreworld.core.registry import Entry, entries

try:
    import gymnasium
except ModuleNotFoundError as error:
    if error.name != "gymnasium":
        raise
    raise ConfigError(
        "the package 'gymnasium' is not installed. Install it with: "
        "pip install 'foreworld[gym]'"
    ) from error

_ADAPTER = "foreworld.worlds.adapters._gymnasium_env"
_FOREIGN = "foreworld.worlds.adapters."
"""Worlds of other suites, which need no way back to them."""


def to_gymnasium(world: Any, render_mode: str | None = None, **fields: Any) -> Any:
    """A world as a ``gymnasium.Env``.

    Parameters
    ----------
    world
        A world, or the name of one with its ``fields``. A passive world takes one
        action, 0, which is ignored.
    render_mode
        ``"rgb_array"`` or ``None``.
    **fields
        Fields of the world, where it is given by name.

    Raises
    ------
    ConfigError
        Unknown names, values that are not allowed, or a game of several agents.
    """
    from foreworld.worlds.adapters._gymnasium_env import WorldEnv

    return WorldEnv(world, render_mode, **fields)


def to_gymnax(world: Any, **fields: Any) -> tuple[Any, Any]:
    """A world as a gymnax 1.x environment and its default parameters.

    Parameters
    ----------
    world
        A world, or the name of one with its ``fields``. Its traced fields are the
        parameters; a passive world takes one action, 0, which is ignored.
    **fields
        Fields of the world, where it is given by name.

    Raises
    ------
    ConfigError
        Unknown names, values that are not allowed, a game of several agents, or
        gymnax is not installed.
    """
    from foreworld.worlds.adapters._optional import require

    require("gymnax")
    from foreworld.worlds.adapters._gymnax_env import make_gymnax

    return make_gymnax(world, **fields)


def _class_name(entry: Entry) -> str | None:
    """Name of a world's class, read without importing it."""
    if entry.path is None:
        return entry.cls
    wanted = entry.name.replace("_", "")
    tree = ast.parse(entry.path.read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    return next((name for name in names if name.lower() == wanted), None)


def _register() -> None:
    for entry in entries("worlds").values():
        name = _class_name(entry)
        env_id = f"foreworld/{name}-v0"
        if name is None or entry.module.startswith(_FOREIGN):
            continue
        if env_id not in gymnasium.registry:
            gymnasium.register(
                env_id,
                entry_point=f"{_ADAPTER}:WorldEnv",
                vector_entry_point=f"{_ADAPTER}:WorldVectorEnv",
                kwargs={"world": entry.name},
            )


_register()
