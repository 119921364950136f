"""Parts taken apart for programs and put together again."""

import jax
import jax.numpy as jnp
import numpy as np

from foreworld.core.parts.partition import combine, partition, stack
from tests.core.some_parts import Net, Thing, WithData


def test_split_and_merge_are_inverse():
    thing = Thing(rate=0.5, nets={"x": Net(scale=2)})
    static, traced, data, shared = partition(thing)
    assert traced == {"rate": 0.5, "net.scale": 1.0, "nets.x.scale": 2.0}
    assert data == shared == {}
    assert combine(static, traced, data) == thing


def test_statics_are_equal_when_programs_are():
    assert partition(Thing(rate=0.1))[0] == partition(Thing(rate=0.2))[0]
    assert hash(partition(Thing(count=4))[0]) == hash(partition(Thing(count=4.0))[0])
    assert partition(Thing(count=4))[0] != partition(Thing(count=5))[0]


def test_one_compilation_for_many_floats():
    traces = []

    @jax.jit
    def run(traced):
        traces.append(1)
        return combine(static, traced, {}).rate * 2

    static = partition(Thing())[0]
    values = [float(run(partition(Thing(rate=r))[1])) for r in (0.1, 0.2, 0.3)]
    np.testing.assert_allclose(values, [0.2, 0.4, 0.6], rtol=1e-6)
    assert len(traces) == 1


def test_stack_makes_an_axis():
    parts = [Thing(rate=r) for r in (0.0, 0.5, 1.0)]
    stacked = stack([partition(p)[1] for p in parts])
    np.testing.assert_array_equal(stacked["rate"], np.float32([0, 0.5, 1]))
    out = jax.vmap(lambda t: combine(partition(parts[0])[0], t, {}).rate)(stacked)
    assert out.shape == (3,)


def test_data_fields_are_arrays_of_the_program():
    static, _, data, _ = partition(WithData(np.eye(2)))
    part = jax.jit(lambda d: combine(static, {}, d).grid * 2)(data)
    np.testing.assert_array_equal(part, 2 * jnp.eye(2))
