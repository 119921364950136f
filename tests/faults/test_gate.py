"""Nothing but one module changes the disk: else faults there would go untested."""

import ast
from pathlib import Path

import foreworld

ROOT = Path(foreworld.__file__).parent
GATE = "core/disk/gate.py"
OWN_FOLDERS = ("bench/", "testing/")
"""What these write is thrown away when they end."""
FORBIDDEN = {
    "write_text",
    "unlink",
    "rmtree",
    "rmdir",
    "mkdir",
    "makedirs",
    "touch",
    "fsync",
    "savez",
    "save_file",
    "savefig",
}
ALLOWED = {
    # Compiled programs: JAX writes there, and goes on where it cannot.
    ("core/compilation.py", "mkdir"),
    # Files of locks, which hold nothing.
    ("core/compilation.py", "open"),
    # The temporary file that it is given.
    ("sweeps/results/table.py", "open"),
    # Into memory.
    ("plot/_style.py", "savefig"),
}


def changes(path):
    """Calls in a file that change the disk without the gate, by name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        first = node.args[0] if node.args else None
        mode = str(first.value)[:1] if isinstance(first, ast.Constant) else ""
        opens = name == "open" and mode in ("w", "a", "x")
        of_path = name == "write_bytes" and len(node.args) == 1
        if name in FORBIDDEN or of_path or opens:
            yield name


def test_everything_is_written_through_the_gate():
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in ROOT.rglob("*.py")
        for name in changes(path)
    }
    found = {f for f in found if f[0] != GATE and not f[0].startswith(OWN_FOLDERS)}
    assert found - ALLOWED == set()
