"""Compiled programs: known in a process, cached on disk for the next one."""

import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np

from foreworld.core import compilation
from foreworld.core.compilation import Program, compile_all, configure

CODE = """
import json
import numpy as np
from foreworld.core.compilation import Program, compile_all, configure

configure()

def double(static, x):
    return x * static

job = Program(double, 2, (np.arange(3.0, dtype=np.float32),))
made = compile_all([job])
again = compile_all([job])
value = made.programs[0](*job.args).tolist()
print(json.dumps([made.made, made.reused, again.made, value]))
"""


def in_a_process(cache):
    environment = {**os.environ, "FOREWORLD_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_second_process_reuses_what_the_first_compiled(tmp_path):
    assert in_a_process(tmp_path / "cache") == [1, 0, 0, [0.0, 2.0, 4.0]]
    assert in_a_process(tmp_path / "cache") == [1, 1, 0, [0.0, 2.0, 4.0]]


def test_without_a_place_for_the_cache(tmp_path):
    (tmp_path / "file").write_text("")
    assert in_a_process(tmp_path / "file") == [1, 0, 0, [0.0, 2.0, 4.0]]


def add(static, x, y):
    return x + y + static


def test_programs_differ_by_static_part_and_shape():
    configure()
    x, y = jnp.ones(2), np.ones(2, np.float32)
    one, two, same = (Program(add, n, (x, y)) for n in (1, 2, 1))
    other = Program(add, 1, (jnp.ones((3, 2)), y))
    found = compile_all([one, two, same, other])
    assert found.made == 3 and found.programs[0] is found.programs[2]
    assert [float(p(x, y)[0]) for p in found.programs[:2]] == [3, 4]
    shapes = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), (x, y))
    assert compile_all([Program(add, 1, shapes)]).made == 0


def test_old_programs_are_forgotten(monkeypatch):
    monkeypatch.setattr(compilation, "_MOST_KNOWN", 2)
    wanted = [Program(add, n, (jnp.ones(5), jnp.ones(5))) for n in range(4)]
    assert len(compile_all(wanted).programs) == 4
    assert compile_all(wanted[2:]).made == 0 and compile_all(wanted[:1]).made == 1
