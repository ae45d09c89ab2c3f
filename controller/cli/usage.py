"""Turns what typer rejects into one sentence with a suggestion, and keeps a closed pipe quiet."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from difflib import get_close_matches
from functools import wraps
from typing import ParamSpec

import typer
from pydantic import ValidationError

from controller.cli.errors import BadInput

BAD_INPUT = 2
PIPE_CLOSED = 141  # the exit code that a shell reports after SIGPIPE

Arguments = ParamSpec("Arguments")


WANTED = {"int_parsing": "a whole number", "float_parsing": "a number", "greater_than_equal": "at least {ge}"}


def usage_error(error: typer.TyperException) -> str:
    """One sentence for a command line that cannot be read, with the nearest known name and where the help is."""
    context = getattr(error, "ctx", None)
    program = context.command_path if context else "spotwarden"
    sentence = _sentence(error).rstrip(".")
    return f"{program}: {sentence}{'' if sentence.endswith('?') else '.'} See '{program} --help'."


def _sentence(error: typer.TyperException) -> str:
    option = getattr(error, "option_name", None)
    if option is not None and hasattr(error, "possibilities"):
        possible = sorted(error.possibilities or ())
        near = next(iter(get_close_matches(option, possible, n=1)), " or ".join(possible))
        return f"No such option {option}." + (f" Did you mean {near}?" if near else "")
    if isinstance(error, typer.BadParameter) and isinstance(error.__cause__, ValidationError) and error.param:
        (first, *_) = error.__cause__.errors()
        if first["type"] in WANTED:
            wanted = WANTED[first["type"]].format(**first.get("ctx", {}))
            return f"{error.param.opts[0]}: found {first['input']!r}, wanted {wanted}"
    return error.format_message().replace("Value error, ", "")


def _forget_output() -> None:
    """Write what is left nowhere: the interpreter flushes once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def guarded(name: str, command: Callable[Arguments, int]) -> Callable[Arguments, int]:
    """A command that reports bad input in one sentence, and ends quietly when its output is no longer read."""

    @wraps(command)
    def run(*positional: Arguments.args, **named: Arguments.kwargs) -> int:
        try:
            code = command(*positional, **named)
            sys.stdout.flush()
        except BadInput as error:
            print(f"spotwarden {name}: {error}", file=sys.stderr)
            return BAD_INPUT
        except BrokenPipeError:
            _forget_output()
            return PIPE_CLOSED
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
                raise
            _forget_output()
            print(f"spotwarden {name}: the output cannot be written ({error.strerror})", file=sys.stderr)
            return BAD_INPUT
        return code

    return run
