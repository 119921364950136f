"""The command line's front door: finds the verb, reads its options, reports errors.

A verb is a file of this folder; the first line of its docstring is its line in
``foreworld -h``. A verb's module has ``configure(usage)``, which declares its options,
``run(args, fields) -> int``, which does the work and returns the exit code, and may
have ``describe(args)``, which names the parts whose fields it takes as ``--field
value``. Importing this module imports neither JAX nor any verb.

Parameters
----------
usage
    Collects the options that a verb declares.
args
    Values of the verb's own options by name, checked as they were declared.
fields
    The other options, which are fields of parts, as pairs of name (without dashes) and
    text, in the order given; empty for a verb without ``describe``.
"""

from __future__ import annotations

import ast
import contextlib
import errno
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from foreworld.cli._stopping import INTERRUPTED, TERMINATED, Terminated, stoppable
from foreworld.cli._stopping import words as stopped
from foreworld.cli._usage import Usage
from foreworld.core.callbacks import cause
from foreworld.core.errors import ConfigError, FitError, ForeworldError, unknown_name
from foreworld.core.own import trusted
from foreworld.core.own.files import own_frame
from foreworld.core.plain import plain_output, say

DONE, FAILED, WRONG_USAGE = 0, 1, 2
"""Exit codes."""
PLATFORMS = {"cpu": "cpu", "gpu": "cuda"}
"""What ``--device`` may be, and what JAX calls it."""

_FOLDER = Path(__file__).parent
_ABOUT = """\
usage: foreworld VERB [options]

A research workbench for learning in simulated worlds.

Verbs ('foreworld VERB -h' explains one):
"""
_GENERAL = """\
General options, for every verb:
  -h, --help         what a verb does and takes; fields too, once it has its names
  --device cpu|gpu   where programs run (default: a GPU where JAX finds one)
  --trust PATH       a file, or a folder of files, whose code may run although it is
                     named by a folder and not by you; can be given several times
  --debug            show the traceback of an error
  --version          the installed version
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv
        The words after ``foreworld``; those of this process by default.

    Returns
    -------
    int
        0 done, 1 failed, 2 wrong usage, 130 interrupted, 143 terminated.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file's name may hold bytes that are no text.
            stream.reconfigure(errors="backslashreplace")
    try:
        with plain_output(), stoppable(_end_now), trusted.one_command():
            return _dispatch(words)
    except KeyboardInterrupt as error:
        code = TERMINATED if isinstance(error, Terminated) else INTERRUPTED
        _report(stopped(code))
        return _end(code)
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; nothing is left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except ForeworldError as error:
        _report(str(error), debug)
        return WRONG_USAGE if isinstance(error, ConfigError | FitError) else FAILED
    except Exception as error:
        known = cause(error)
        ours = isinstance(known, ForeworldError)
        misspelt = "" if ours or _without_platform() else _misspelt(str(error))
        if misspelt:
            _report(misspelt, debug)
            return WRONG_USAGE
        _report(str(known) if ours else _unexpected(error), debug)
        return FAILED


def verbs() -> dict[str, str]:
    """Every verb with its one-line help, read without importing any."""
    found = {}
    for name in _names():
        tree = ast.parse((_FOLDER / f"{name}.py").read_text(encoding="utf-8"))
        found[name] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def _names() -> list[str]:
    """Every verb, without its help, whose reading takes as long as a small command."""
    stems = sorted(path.stem for path in _FOLDER.glob("*.py"))
    return [stem for stem in stems if stem != "main" and not stem.startswith("_")]


def _dispatch(words: list[str]) -> int:
    words = _choose_device(words)
    paths, words = _take(words, "--trust")
    for path in paths:
        trusted.trust(path)
    if not words or words[0] in ("-h", "--help", "help"):
        lines = "".join(f"  {name:<10} {line}\n" for name, line in verbs().items())
        print(f"{_ABOUT}{lines}\n{_GENERAL}", end="")
        return DONE
    if words[0] == "--version":
        from foreworld import __version__

        print(f"foreworld {__version__}")
        return DONE
    if words[0].startswith("-"):
        raise ConfigError(
            f"the verb comes first, got the option {words[0]!r}. "
            f"'foreworld -h' lists the verbs."
        )
    known = _names()
    if words[0] not in known:
        raise unknown_name("verb", words[0], known)
    module = importlib.import_module(f"foreworld.cli.{words[0]}")
    usage = Usage(words[0], module.__doc__ or "", "describe" in vars(module))
    module.configure(usage)
    if any(word in ("-h", "--help") for word in words[1:]):
        rest = [word for word in words[1:] if word not in ("-h", "--help")]
        return _help(module, usage, rest)
    args, fields = usage.parse(words[1:])
    return module.run(args, fields)


def _help(module: ModuleType, usage: Usage, words: list[str]) -> int:
    """Print a verb's options, and the fields of the parts that the words name."""
    print(usage.text(), end="")
    if not usage.takes_fields:
        return DONE
    args = usage.parse_names(words)
    parts = module.describe(args) if args is not None else []
    if parts:
        from foreworld.cli._fields import print_fields

        print()
        command = " ".join(["foreworld", usage.verb, *words])
        print_fields(parts, command, usage.fields_of(words))
    else:
        print(
            f"\nFields: 'foreworld {usage.verb} ... -h' with the names filled in lists"
            " the fields that can be set as --field value."
        )
    return DONE


def _choose_device(words: list[str]) -> list[str]:
    """Take ``--device`` out of the words and set JAX's platform before its import."""
    devices, rest = _take(words, "--device")
    if not devices:
        return rest
    device = devices[-1]
    if device not in PLATFORMS:
        raise ConfigError(f"--device={device!r} is not one of 'cpu', 'gpu'.")
    os.environ["JAX_PLATFORMS"] = PLATFORMS[device]
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_platforms", PLATFORMS[device])
    return rest


def _take(words: list[str], option: str) -> tuple[list[str], list[str]]:
    """The values of a general option, and the other words."""
    values, rest, stream = [], [], iter(words)
    for word in stream:
        name, equals, value = word.partition("=")
        if name != option:
            rest.append(word)
        else:
            values.append(value if equals else next(stream, ""))
    return values, rest


def _end(code: int) -> int:
    """The exit code, or the end at once where a compiler would be waited for."""
    compilation = sys.modules.get("foreworld.core.compilation")
    if compilation is not None and compilation.is_compiling():
        _leave(code)
    return code


def _end_now(code: int) -> NoReturn:
    """The end where a program would be waited for."""
    _report(stopped(code))
    _leave(code)


def _leave(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _without_platform() -> str:
    """What to do where JAX has nothing of what ``JAX_PLATFORMS`` names; else empty."""
    jax, named = sys.modules.get("jax"), os.environ.get("JAX_PLATFORMS", "")
    if jax is None or not named:
        return ""
    with contextlib.suppress(RuntimeError, AssertionError):
        if jax.devices():
            return ""
    if named == PLATFORMS["gpu"]:
        return (
            "JAX finds no GPU here. Use --device cpu, or install the GPU support "
            "with: pip install 'foreworld[cuda]'."
        )
    return (
        f"JAX_PLATFORMS={named!r} names nothing that JAX finds here. Use --device cpu "
        f"or --device gpu, or unset the variable."
    )


def _misspelt(text: str) -> str:
    """What to do about a setting in the shell that JAX does not know; else empty."""
    for name, value in os.environ.items():
        bare = name.removeprefix("JAX_").lower()
        named = name in text or f"jax_{bare}" in text or repr(value) in text
        if name.startswith("JAX_") and value and named:
            return (
                f"{name}={value!r} is no setting that JAX knows ({text.rstrip('.')}). "
                f"Correct or unset the variable."
            )
    return ""


def _unexpected(error: Exception) -> str:
    text = str(error) or type(error).__name__
    if without := _without_platform():
        return without
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        name = max(Path(str(error.filename)).parts, key=len)
        return (
            f"the name {name[:20]}... has {len(name)} letters, and no file or folder "
            f"can be called so: 255 are allowed. Choose a shorter one."
        )
    frame = own_frame(error)
    if frame is not None:
        return (
            f"{frame.filename}, line {frame.lineno}, in {frame.name}: "
            f"{type(error).__name__}: {text}\nThis came from your file. --debug shows "
            f"the whole traceback."
        )
    return (
        f"{type(error).__name__}: {text}\nThis is a fault of Foreworld, not of your "
        f"command. Run it again with --debug for the traceback, and report it."
    )


def _report(message: str, debug: bool = False) -> None:
    if debug:
        say(traceback.format_exc(), end="")
    say(f"foreworld: {message}")


if __name__ == "__main__":
    sys.exit(main())
