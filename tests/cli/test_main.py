"""The front door: verbs, exit codes, messages, devices."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from foreworld.cli import list as list_verb
from foreworld.cli.main import main, verbs
from foreworld.core.errors import ConfigError, DamagedError


def test_help_imports_neither_jax_nor_tyro_and_lists_every_verb():
    code = (
        "import sys; from foreworld.cli.main import main; code = main(['-h']);"
        "heavy = {'jax', 'numpy', 'tyro', 'matplotlib', 'trackio'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    for name, line in verbs().items():
        assert f"  {name:<10} {line}" in done.stdout


def test_every_verb_says_what_it_does_in_one_line_and_explains_itself(capsys):
    for name, line in verbs().items():
        assert line.endswith("."), name
        assert len(line) <= 88, name
        assert main([name, "-h"]) == 0
        assert line in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "foreworld 0.1.0\n"


def test_no_words_print_the_help(capsys):
    assert main([]) == 0
    assert "Verbs" in capsys.readouterr().out


def test_unknown_verb_names_the_nearest(capsys):
    assert main(["lsit"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("foreworld: unknown verb 'lsit'. Did you mean 'list' or")


def test_an_option_before_the_verb_is_wrong_usage(capsys):
    assert main(["--json", "list"]) == 2
    assert "the verb comes first, got the option '--json'" in capsys.readouterr().err


def test_unknown_option_names_the_nearest(capsys):
    assert main(["list", "--jsno"]) == 2
    assert "unknown option of list: 'jsno'. Did you mean 'json'?" in (
        capsys.readouterr().err
    )


def test_missing_name(capsys):
    assert main(["show"]) == 2
    error = capsys.readouterr().err
    assert "the following arguments are required: NAME" in error
    assert "usage: foreworld show" in error


def test_too_many_words(capsys):
    assert main(["list", "worlds", "users"]) == 2
    assert "unexpected 'users'" in capsys.readouterr().err


def test_option_without_its_value(capsys):
    assert main(["show", "tmaze", "--length"]) == 2
    assert "--length needs a value" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("bad"), 2, "foreworld: bad\n"),
        (DamagedError("x is damaged."), 1, "foreworld: x is damaged.\n"),
        (KeyboardInterrupt(), 130, "foreworld: interrupted. What is finished is kept"),
        (KeyError("k"), 1, "a fault of Foreworld"),
    ],
)
def test_errors_become_one_message(error, code, said, monkeypatch, capsys):
    def fail(args, fields):
        raise error

    monkeypatch.setattr(list_verb, "run", fail)
    assert main(["list"]) == code
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


def test_debug_shows_the_traceback(monkeypatch, capsys):
    def fail(args, fields):
        raise DamagedError("x is damaged.")

    monkeypatch.setattr(list_verb, "run", fail)
    assert main(["--debug", "list"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_device_sets_the_platform(monkeypatch, capsys):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert main(["list", "worlds", "--device", "cpu"]) == 0
    assert os.environ["JAX_PLATFORMS"] == "cpu"
    assert main(["list", "--device", "tpu"]) == 2
    assert "--device='tpu' is not one of 'cpu', 'gpu'." in capsys.readouterr().err
    assert main(["list", "--device"]) == 2


def test_a_closed_pipe_is_no_error():
    code = "import sys; from foreworld.cli.main import main; sys.exit(main(['list']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (0, b"")


def test_a_missing_device_is_named():
    if any(Path("/dev").glob("nvidia*")):
        pytest.skip("there is a GPU here")
    done = subprocess.run(
        [sys.executable, "-m", "foreworld.cli.main", "show", "tmaze", "--device=gpu"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "foreworld: JAX finds no GPU here. Use --device cpu, or install the GPU "
        "support with: pip install 'foreworld[cuda]'.\n"
    )


def test_a_name_that_is_no_text_can_be_said(capsys):
    assert main(["check", "no/\udcffwhere"]) == 2
    assert "no/\\udcffwhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["train", "ppo", "--on", "tmaze", "--out"],
        ["generate", "pendulum", "--train", "1", "--out"],
        ["new", "world"],
        ["import", "--out", "x"],
    ],
)
def test_names_that_no_file_can_have(words, capsys):
    name = "n" * 300
    assert main([*words, name]) != 0
    said = capsys.readouterr().err
    assert "the name nnnnnnnnnnnnnnnnnnnn... has 30" in said
    assert "255 are allowed. Choose a shorter one." in said


@pytest.mark.parametrize(
    ("name", "value", "code", "said"),
    [
        (
            "JAX_PLATFORMS",
            "cup",
            1,
            "names nothing that JAX finds here. Use --device cpu or --device gpu, or "
            "unset the variable.",
        ),
        (
            "JAX_ENABLE_X64",
            "maybe",
            2,
            "is no setting that JAX knows (invalid truth value 'maybe' for environment "
            "'JAX_ENABLE_X64'). Correct or unset the variable.",
        ),
    ],
)
def test_a_setting_that_is_misspelt(name, value, code, said):
    done = subprocess.run(
        [sys.executable, "-m", "foreworld.cli.main", "show", "tmaze"],
        capture_output=True,
        text=True,
        env={**os.environ, name: value},
    )
    assert done.stderr == f"foreworld: {name}={value!r} {said}\n"
    assert done.returncode == code
