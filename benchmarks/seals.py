"""What comparing digests costs: reading a data set whole, with and without.

    python benchmarks/seals.py [SEQUENCES]

Prints for each format its bytes on the disk, seconds of reading every column of the
training split (the files are in the page cache), seconds of the digests alone, and
their share; then what it costs ``generate`` to say that nothing is to be done.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

NUM_RUNS = 5


def seconds(work: Callable[[], None]) -> float:
    """The median of some runs, after one to warm up."""
    work()
    taken = []
    for _ in range(NUM_RUNS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def main() -> None:
    """Make one set in each format and read it."""
    import foreworld as fw
    from foreworld.core.disk import seals
    from foreworld.core.disk.folder import checksum

    num = int(sys.argv[1]) if len(sys.argv) > 1 else 16_000
    with tempfile.TemporaryDirectory() as place:
        for store in ("hdf5", "npz"):
            folder = Path(place, store)
            fw.generate("pendulum", folder, train=num, store=store, quiet=True)
            files = sorted(folder.glob("train/*"))
            time.sleep(0.2)

            def read(folder: Path = folder) -> None:
                # As in a new process: nothing is remembered.
                seals.forget()
                train = fw.load(folder).train
                for name in train.columns:
                    train.read(name, slice(None))
                train.close()

            def digest(files: list[Path] = files) -> None:
                for file in files:
                    checksum(file)

            def again(folder: Path = folder, store: str = store) -> None:
                fw.generate("pendulum", folder, train=num, store=store, quiet=True)

            megabytes = sum(file.stat().st_size for file in files) / 1e6
            whole, part, said = seconds(read), seconds(digest), seconds(again)
            print(
                f"{store}: {megabytes:.0f} MB in {len(files)} files; read whole in "
                f"{whole:.3f} s, digests {part:.3f} s ({part / (whole - part):.1%} of "
                f"reading without); generate with nothing to do {said:.3f} s"
            )


if __name__ == "__main__":
    main()
