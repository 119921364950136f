"""The parameters of an experiment: a world or a data set, a learner and a root seed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from foreworld.core import registry
from foreworld.core.disk.places import expanded
from foreworld.core.errors import ConfigError
from foreworld.core.parts import config, paths
from foreworld.core.parts.part import Bounded, Entries, Part, Shared, field_specs
from foreworld.core.parts.stand_in import StandIn
from foreworld.data.making.fresh import Fresh
from foreworld.data.reading.file_reference import FileRef
from foreworld.data.reading.reference import DataRef
from foreworld.learners.base import AbstractLearner
from foreworld.train.start import AbstractStart
from foreworld.worlds.base import AbstractWorld, Family

_PARTS, _START = ("world", "learner", "data"), "start"


class Parameters(Part):
    """What one experiment is: ``Parameters("tmaze", "ppo", learning_rate=2.5e-3)``.

    Parameters
    ----------
    world_or_name
        A world, its name (``"tmaze"``, ``"./my_world.py:MyWorld"``), or ``None`` where
        the learner learns from data. Positional; ``world=...`` says the same.
    learner_or_name
        A learner or its name; or ``learner=...``.
    data_or_path
        The folder of a data set or a file of arrays (NPZ or safetensors; each a column,
        sequences first), as a path, a ``DataRef`` or a ``FileRef``; or an endless
        stream of episodes, a ``Fresh``. ``data=...`` says the same. The world is left
        out then.
    seed
        Root seed, from 0 to 2^32 - 1; every random number of the experiment follows
        from it.
    start
        Folder of another run whose state it starts from, or a ``StartRef``, which can
        take parts of it; ``{"path": ..., "parts": ...}`` says the same.
    **fields
        A bare keyword is a field of the learner; ``world={...}``, ``learner={...}`` and
        ``data={...}`` give fields of these; dotted keywords (in a dictionary) work too:
        ``**{"world.length": 10}``.

    Raises
    ------
    UnknownNameError
        An unknown name of a world, learner or field; lists the nearest known ones.
    ConfigError
        A value that is not allowed, or neither a world nor data.
    """

    world: AbstractWorld | None
    """what the learner acts in; none where it learns from data"""
    learner: AbstractLearner
    """what learns"""
    data: DataRef | FileRef | Fresh | None
    """data it learns from: a set, a file of arrays, or a stream; none where it acts"""
    seed: Annotated[int, Bounded(low=0, high=2**32 - 1)]
    """root seed"""
    start: Annotated[AbstractStart | None, Shared()] = None
    """what it starts from: the state of another run, or parts of it"""

    def __init__(
        self,
        world_or_name: Any = None,
        learner_or_name: Any = None,
        data_or_path: Any = None,
        /,
        *,
        seed: int = 0,
        start: Any = None,
        **fields: Any,
    ) -> None:
        given: dict[str, Any] = dict(
            zip(_PARTS, (world_or_name, learner_or_name, data_or_path), strict=True)
        )
        given["start"] = None if isinstance(start, dict) else start
        nested: dict[str, dict[str, Any]] = {name: {} for name in (*_PARTS, _START)}
        nested[_START] |= start if isinstance(start, dict) else {}
        for key, value in fields.items():
            head, _, rest = full_path(key).partition(".")
            if rest:
                nested[head][rest] = value
            elif isinstance(value, dict):
                nested[head].update(value)
            elif given[head] is not None:
                raise ConfigError(
                    f"{head} is given twice: {given[head]!r} and {value!r}. Give "
                    f"fields of the first as {head}={{...}}."
                )
            else:
                given[head] = value
        if given["world"] is not None:
            what, inner = given["world"], nested["world"]
            self.world = _build("worlds", what, inner, AbstractWorld)
        elif nested["world"]:
            raise ConfigError(
                f"fields for a world ({', '.join(nested['world'])}) but no world: name "
                f"one, as in Parameters('tmaze', ...)."
            )
        else:
            self.world = None
        if given["learner"] is None:
            known = ", ".join(sorted(registry.entries("learners")))
            raise ConfigError(f"an experiment needs a learner. Known: {known}.")
        what, inner = given["learner"], nested["learner"]
        self.learner = _build("learners", what, inner, AbstractLearner)
        self.data = _data(given["data"], nested["data"])
        self.seed = seed
        self.start = _start(given["start"], nested["start"])
        if self.world is None and self.data is None:
            raise ConfigError(
                "an experiment needs a world to act in or data to learn from: "
                "Parameters('tmaze', 'ppo') or "
                "Parameters(None, 'rnn_deconvolve', 'data/pendulum')."
            )

    @property
    def name(self) -> str:
        """``<world or data set>_<learner>``, for folders."""
        what = source_name(self)
        return f"{what}_{part_name(self.learner)}"

    def get(self, path: str) -> Any:
        """The value at a dotted path; a bare name is the learner's field."""
        return paths.get_path(self, full_path(self.whole(path)))

    def whole(self, path: str) -> str:
        """A path in which no part on the way is left out.

        Parameters
        ----------
        path
            As :meth:`set` takes it: ``"hidden_size"`` stands for
            ``"network.hidden_size"`` where one field only has that name.
        """
        full = full_path(path)
        head, _, rest = full.partition(".")
        part = getattr(self, head, None)
        if not rest or not isinstance(part, Part):
            return path
        found = paths.whole_path(rest, paths.field_paths(part))
        return path if found == rest else path[: -len(rest)] + found

    def set(self, path: str, value: Any) -> Parameters:
        """A copy with another value at a dotted path, checked.

        ``set("world", "tmaze")`` takes names as the constructor does.

        Parameters
        ----------
        path
            Dotted, such as ``"world.length"``; a bare name is the learner's field,
            unless it is ``world``, ``learner``, ``data``, ``start`` or ``seed``.
        value
            Of the field's type; for ``world``, ``learner`` and ``data`` also a name.
        """
        where = full_path(self.whole(path))
        if where in (*_PARTS, _START):
            return self.replace(**{where: value})
        return paths.set_path(self, where, value)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, every field."""
        return config.to_dict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Parameters:
        """What :meth:`to_dict` gave, exactly."""
        part = config.from_dict(data)
        if isinstance(part, Parameters):
            return part
        raise ConfigError(f"expected Parameters, got a {type(part).__name__}.")

    def to_json(self) -> str:
        """JSON text, every field."""
        return config.to_json(self)

    @staticmethod
    def from_json(text: str) -> Parameters:
        """What :meth:`to_json` gave, exactly."""
        return Parameters.from_dict(config.load_json(text))


def full_path(path: str) -> str:
    """A path from the parameters: ``learning_rate`` is ``learner.learning_rate``."""
    head = path.partition(".")[0]
    return path if head in (*_PARTS, _START, "seed") else f"learner.{path}"


def source_name(parameters: Parameters) -> str:
    """What a learner learns from, for people and folders: a data set, or a world."""
    data, world = parameters.data, parameters.world
    if isinstance(data, DataRef):
        return Path(data.path).name
    if isinstance(data, FileRef):
        return Path(data.path).stem
    if isinstance(data, Fresh):
        world = data.world.world if isinstance(data.world, Family) else data.world
    return "nothing" if world is None else part_name(world)


def part_name(part: Part | StandIn) -> str:
    """The name of a part: the stem of its file, or of its class for a person's own."""
    if isinstance(part, StandIn):
        return part.name
    cls = type(part)
    stem = cls.__module__.rpartition(".")[2]
    same = stem.replace("_", "") == cls.__name__.lower()
    return stem if same else cls.__name__.lower()


def _data(what: Any, fields: dict[str, Any]) -> Any:
    if what is None and not fields:
        return None
    if isinstance(what, DataRef | FileRef | Fresh):
        return _with(what, fields)
    if what is None and "world" in fields:
        world = fields.pop("world")
        of_world = {
            n.partition(".")[2]: fields.pop(n)
            for n in [*fields]
            if n.startswith("world.")
        }
        if not isinstance(world, Family):
            world = _build("worlds", world, of_world, AbstractWorld)
        return _with(Fresh(world), fields)
    if not isinstance(what, str | Path | None):
        raise ConfigError(
            f"data: expected the folder of a data set, got {what!r} "
            f"({type(what).__name__})."
        )
    if what is not None and expanded(what).is_file():
        return FileRef(path=str(what), **fields)
    return DataRef(**({} if what is None else {"path": str(what)}), **fields)


def _start(what: Any, fields: dict[str, Any]) -> Any:
    if what is None and not fields:
        return None
    if isinstance(what, AbstractStart):
        return _with(what, fields)
    if what is None and "path" not in fields:
        raise ConfigError(
            f"start: {', '.join(fields)} but no run to start from. Name its folder: "
            f"start={{'path': 'runs/...', ...}}."
        )
    if not isinstance(what, str | Path | None):
        raise ConfigError(
            f"start: expected the folder of a run, got {what!r} "
            f"({type(what).__name__})."
        )
    return AbstractStart.made({**({} if what is None else {"path": what}), **fields})


def _build(kind: str, what: Any, fields: dict[str, Any], base: type[Part]) -> Any:
    asked = fields
    if isinstance(what, str):
        what = registry.find(kind, what)
        # Entries that start as another field of their part are set afterwards.
        specs = {spec.name: spec for spec in field_specs(what)}
        known = {name: spec.required for name, spec in specs.items()}
        # Parts by name, before fields of theirs are set.
        fields = {
            name: specs[name].canonical(value, f"{what.__name__}.{name}")
            if name in specs and specs[name].named
            else value
            for name, value in fields.items()
        }
        later = [s.name for s in field_specs(what) if isinstance(s.mark, Entries)]
        after = {k: v for k, v in fields.items() if k.partition(".")[0] in later}
        after = {k: v for k, v in after.items() if "." in k}
        # Of a part in it: known when the part is there.
        after |= {k: v for k, v in fields.items() if k.partition(".")[0] not in known}
        plain = paths.nested({k: v for k, v in fields.items() if k not in after})
        if missing := [n for n, needed in known.items() if needed and n not in plain]:
            raise ConfigError(
                f"{what.__name__} needs a value for {', '.join(missing)}."
            )
        what, fields = what(**plain), after
    if not isinstance(what, base | StandIn):
        raise ConfigError(
            f"expected a {registry.KINDS[kind]} or the name of one, got {what!r} "
            f"({type(what).__name__}). 'foreworld list {kind}' names them."
        )
    part = _with(what, fields)
    _check_once(part, asked)
    return part


def _with(part: Any, fields: dict[str, Any]) -> Any:
    for path, value in fields.items():
        whole = paths.whole_path(path, paths.field_paths(part))
        part = paths.set_path(part, whole, value)
    return part


def _check_once(part: Any, fields: dict[str, Any]) -> None:
    """Refuse a field of a part that is given twice: by its own name and by its path."""
    known, given = paths.field_paths(part), dict[str, str]()
    for path, value in fields.items():
        inner = [f"{path}.{name}" for name in value] if isinstance(value, dict) else []
        for one in inner or [path]:
            whole = paths.whole_path(one, known)
            if whole in given:
                raise ConfigError(
                    f"{whole} is given twice, as {given[whole]} and as {one}. Give it "
                    f"once."
                )
            given[whole] = one
