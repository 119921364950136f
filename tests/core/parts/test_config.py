"""Dictionaries, JSON, hashes and differences of parts."""

import json

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from foreworld.core.errors import ConfigError, DamagedError, UnknownNameError
from foreworld.core.own.trusted import trust
from foreworld.core.parts import config, paths
from tests.core.some_parts import Net, Thing, Versioned, WithData


@given(
    scales=st.dictionaries(st.text(min_size=1), st.floats(1e-9, 1e9), max_size=3),
    fields=st.fixed_dictionaries(
        {
            "rate": st.just(0.0) | st.floats(1.2e-38, 1),
            "count": st.integers(-(2**63) + 1, 2**63 - 1),
            "mode": st.sampled_from(["a", "b"]),
            "sizes": st.lists(st.integers(-(2**63) + 1, 2**63 - 1), max_size=4),
            "option": st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
        }
    ),
)
@settings(max_examples=50, deadline=None)
def test_json_round_trip_is_exact(scales, fields):
    nets = {name: Net(scale=scale) for name, scale in scales.items()}
    thing = Thing(**fields, nets=nets)
    back = config.from_json(config.to_json(thing))
    assert config.to_dict(back) == config.to_dict(thing)
    assert config.content_hash(back) == config.content_hash(thing)


def test_arrays_round_trip():
    part = WithData(np.arange(6, dtype=np.int32).reshape(2, 3))
    back = config.from_json(config.to_json(part))
    np.testing.assert_array_equal(back.grid, part.grid)
    assert back.grid.dtype == np.int32


def test_hash_is_over_non_default_fields_only():
    assert config.content_hash(Thing()) == config.content_hash(Thing(count=3))
    assert config.content_hash(Thing()) != config.content_hash(Thing(count=4))
    assert config.content_hash(Thing(net=Net(8))) == config.content_hash(Thing())


def test_hash_leaves_out_where_things_lie():
    assert config.content_hash(Thing(folder="/a")) == config.content_hash(Thing())


def test_hash_changes_with_the_version(monkeypatch):
    before = config.content_hash(Versioned())
    monkeypatch.setattr(Versioned, "version", 3)
    assert config.content_hash(Versioned()) != before


def test_spelling_does_not_change_the_hash():
    spellings = [Thing(rate=1), Thing(rate=1.0), Thing(rate=np.float32(1))]
    assert len({config.content_hash(thing) for thing in spellings}) == 1


def test_diff_names_paths():
    a, b = Thing(nets={"x": Net(scale=2)}), Thing(rate=0.2, nets={"x": Net()})
    assert config.diff(a, b) == {"rate": (0.1, 0.2), "nets.x.scale": (2.0, 1.0)}


def test_paths():
    thing = Thing(nets={"x": Net()})
    assert paths.get_path(thing, "nets.x.scale") == 1.0
    assert paths.set_path(thing, "nets.x.scale", 3).nets["x"].scale == 3.0
    assert paths.set_path(thing, "net.hidden", 4).net.hidden == 4
    with pytest.raises(UnknownNameError, match="Did you mean 'scale'"):
        paths.get_path(thing, "nets.x.scal")


def test_unknown_field_and_version_are_refused():
    data = config.to_dict(Thing())
    with pytest.raises(UnknownNameError, match="unknown field of Thing 'cuont'"):
        config.from_dict({**data, "cuont": 1})
    with pytest.raises(ConfigError, match="written as version 7, this installation"):
        config.from_dict({**data, "version": 7})
    with pytest.raises(ConfigError, match="needs a value for 'grid'"):
        config.from_dict({"class": "tests.core.some_parts:WithData"})
    with pytest.raises(DamagedError, match="configuration is not valid JSON"):
        config.from_json("{")


def test_a_class_from_main_is_refused():
    class Local(Thing):
        pass

    with pytest.raises(ConfigError, match="Move it to the top level of a file"):
        config.to_dict(Local())


def test_a_class_from_a_file(tmp_path):
    source = (
        "from foreworld.core.parts.part import Part\n"
        "class Mine(Part):\n    count: int = 1\n"
    )
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(source)
    parts = []
    for folder in ("a", "b"):
        where = f"{tmp_path}/{folder}/mine.py:Mine"
        trust(tmp_path / folder)
        parts.append(config.from_dict({"class": where, "count": 2}))
        assert json.loads(config.to_json(parts[-1]))["class"] == where
    hashes = {config.content_hash(part) for part in parts}
    assert len(hashes) == 1, "the folder of a person's file is not part of the hash"


def test_values_by_path_as_constructors_take_them():
    values = {"a": 1, "b.c": 2, "b.d.e": 3}
    assert paths.nested(values) == {"a": 1, "b": {"c": 2, "d": {"e": 3}}}
