"""Trackio: local, bulk, and never on the network."""

import os
import subprocess
import sys
from pathlib import Path

OFFLINE = """
import socket, threading

def refuse(*args, **settings):
    raise SystemExit("the network was used")

socket.socket.connect = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse
from foreworld.track._open import make_tracker, open_run

trace = open_run(make_tracker("trackio"), "study", "p0-s0", {"seed": 1}, False)
trace.log([10, 20], {"a": [1.0, float("nan")], "b": [2.0, 3.0]})
trace.log([30], {"a": [float("inf")], "b": [float("nan")]})
trace.finish()
trace = open_run(make_tracker("trackio"), "study", "p0-s0", {"seed": 1}, True)
trace.log([20, 40], {"a": [9.0, 4.0], "b": [9.0, 4.0]})
trace.finish()
assert threading.active_count() == 1, threading.enumerate()

from trackio.sqlite_storage import SQLiteStorage as store

logs = store.get_logs("study", "p0-s0")
points = [{k: v for k, v in log.items() if k != "timestamp"} for log in logs]
assert points == [
    {"step": 10, "a": 1.0, "b": 2.0},
    {"step": 20, "b": 3.0},
    {"step": 40, "a": 4.0, "b": 4.0},
], points
assert store.get_run_config("study", "p0-s0")["seed"] == 1

trace = open_run(make_tracker("trackio"), "study", "p0-s0", {"seed": 1}, False)
trace.log([10], {"a": [5.0]})
trace.finish()
assert len(store.get_logs("study", "p0-s0")) == 1
"""


def test_points_land_in_the_local_store_without_network_or_threads(own_folder: Path):
    environment = {
        **os.environ,
        # What would make trackio's own init upload.
        "TRACKIO_SPACE_ID": "somebody/space",
        "HF_TOKEN": "hf_nothing",
    }
    environment.pop("TRACKIO_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert (own_folder / "runs" / ".trackio" / "study.db").is_file()
