"""Every single call that changes the disk fails once, and for good, and is died at.

After each of these a plain run must finish with the bytes of an undisturbed one.
"""

import errno

import pytest

from foreworld.core.errors import ForeworldError
from foreworld.testing.faults import failing, killing
from foreworld.train.journal import segments_repeated
from tests.faults.verbs import VERBS, leftovers, sealed

WORDS = {
    errno.EIO: "the disk reports an error (EIO)",
    errno.ENOSPC: "the disk is full. Free some space and run the same command again",
    errno.EROFS: "the folder is read-only. Choose another place with --out",
    errno.EACCES: "there. Choose another place with --out",
}
STEPS = {"generate": 3, "train": 3, "sweep": 7}
"""How far apart the calls are at which a verb is disturbed; at each in one way."""
WAYS = [(errno.EIO, False), (errno.ENOSPC, True), (errno.EIO, True)]
WAYS += [(errno.ENOSPC, False)]
EVERY = [(verb, range(1, 10**6, step)) for verb, step in STEPS.items()]
EVERY += [pytest.param(verb, range(1, 10**6), marks=pytest.mark.slow) for verb in STEPS]
FAILING = [
    (verb, way, range(1 + index * step, 10**6, step * len(WAYS)))
    for verb, step in STEPS.items()
    for index, way in enumerate(WAYS)
]
FAILING += [
    pytest.param(verb, way, range(1, 10**6), marks=pytest.mark.slow)
    for verb in STEPS
    for way in WAYS
]


def _told(value):
    if isinstance(value, range):
        return f"from {value.start} by {value.step}"
    if isinstance(value, tuple):
        return f"{errno.errorcode[value[0]]} {'for good' if value[1] else 'once'}"
    return value


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Sealed bytes by verb."""
    folder = tmp_path_factory.mktemp("undisturbed")
    for name, verb in VERBS.items():
        verb(folder / name)
    return {name: sealed(folder / name) for name in VERBS}


def check_next_run(verb, folder, expected):
    VERBS[verb](folder)
    assert sealed(folder) == expected
    assert leftovers(folder) == []
    again = [segments_repeated(place) for place in folder.glob("chunks/*")]
    assert sum(again) <= 1


@pytest.mark.parametrize(("verb", "way", "numbers"), FAILING, ids=_told)
def test_every_call_fails(verb, way, numbers, undisturbed, tmp_path):
    error, lasting = way
    for number in numbers:
        folder = tmp_path / str(number)
        said = None
        with failing(number, error, lasting) as disk:
            try:
                VERBS[verb](folder)
            except ForeworldError as caught:
                said = str(caught)
        if said is None:
            # A call whose failure does no harm, or none at all.
            assert sealed(folder) == undisturbed[verb], disk.struck
        else:
            assert WORDS[error] in said and "Traceback" not in said, disk.struck
        check_next_run(verb, folder, undisturbed[verb])
        if not disk.struck:
            break
    assert number > 30


@pytest.mark.parametrize(("verb", "numbers"), EVERY, ids=_told)
def test_every_call_is_the_last_of_a_killed_process(
    verb, numbers, undisturbed, tmp_path
):
    for number in numbers:
        folder = tmp_path / str(number)
        with killing(number) as disk:
            VERBS[verb](folder)
        check_next_run(verb, folder, undisturbed[verb])
        if not disk.struck:
            break
    assert number > 30


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES], ids=["EROFS", "EACCES"])
@pytest.mark.parametrize("verb", VERBS)
def test_a_folder_that_may_not_be_written(verb, error, undisturbed, tmp_path):
    for number in (1, 2, 9):
        folder = tmp_path / str(number)
        with (
            failing(number, error, lasting=True) as disk,
            pytest.raises(ForeworldError) as caught,
        ):
            VERBS[verb](folder)
        assert WORDS[error] in str(caught.value), disk.struck
        check_next_run(verb, folder, undisturbed[verb])
