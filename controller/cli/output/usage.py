"""Turns an error that ends a command into one sentence and an exit code; Ctrl-C and a closed pipe print nothing."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from functools import wraps
from typing import ParamSpec

import typer
from pydantic import ValidationError

from controller.cli.output.errors import AwsUnreachable, BadInput
from controller.cli.output.printable import printable_lines

BAD_INPUT = 2
UNREACHABLE = 5
INTERRUPTED = 130  # Ctrl-C
PIPE_CLOSED = 141  # the exit code that a shell reports after SIGPIPE

Arguments = ParamSpec("Arguments")


WANTED = {
    "int_parsing": "a whole number", "float_parsing": "a number", "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
}  # fmt: skip
CHOICES = re.compile(r"Invalid value for '?(--[a-z-]+|\[?[A-Z|]+\]?|[^']+)'?: '(.*)' is not one of (.*?)\.?$", re.DOTALL)


def usage_error(error: typer.TyperException, command: str = "") -> str:
    """One sentence for a wrong command line, with the most similar known name, and the command that prints help.

    ``command``: the name of the called command, for errors that do not contain it.
    """
    context = getattr(error, "ctx", None)
    program = context.command_path if context else f"spotwarden {command}".strip()
    sentence = _sentence(error).rstrip(".")
    return f"{program}: {sentence}{'' if sentence.endswith('?') else '.'} See '{program} --help'."


ALIKE = 0.7  # words with a lower ratio, such as digest and test, are not typing errors
MEANT = {"help": "--help", "version": "--version"}  # other tools have these commands


def _sentence(error: typer.TyperException) -> str:
    option = getattr(error, "option_name", None)
    if option is not None and hasattr(error, "possibilities"):
        possible = sorted(error.possibilities or ())
        names = {name.lstrip("-"): name for name in possible}
        near = next((names[name] for name in get_close_matches(option.lstrip("-"), names, n=1)), "")
        return f"No such option {option}." + (f" Did you mean {near}?" if near else "")
    if isinstance(error, typer.BadParameter) and isinstance(error.__cause__, ValidationError) and error.param:
        (first, *_) = error.__cause__.errors()
        if first["type"] in WANTED:
            wanted = WANTED[first["type"]].format(**first.get("ctx", {}))
            return f"{error.param.opts[0]}: found {first['input']!r}, wanted {wanted}"
    commands = getattr(getattr(getattr(error, "ctx", None), "command", None), "commands", {})
    if commands and error.format_message() == "Missing command.":
        return f"found no command, wanted {' or '.join(commands)}"
    sentence = error.format_message().replace("Value error, ", "")
    if without := re.fullmatch(r"Option '?(--?[a-z-]+)'? requires an argument\.", sentence):
        return f"{without[1]}: found nothing after it, wanted its value"
    if commands and (named := re.match(r"No such command '([^']*)'\.", sentence)) is not None:
        word = named[1].lower()
        near = [MEANT[word]] if word in MEANT else [f"'{one}'" for one in get_close_matches(word, commands, n=1, cutoff=ALIKE)]
        return named[0] + (f" Did you mean {near[0]}?" if near else "")
    choices = CHOICES.match(sentence)
    if choices:
        near = get_close_matches(choices[2].lower(), re.findall(r"'([^']*)'", choices[3]), n=1)
        return f"{sentence.rstrip('.')}." + (f" Did you mean '{near[0]}'?" if near else "")
    return sentence


def _forget_output() -> None:
    """Discard what is still buffered, because the interpreter flushes standard output again when it exits."""
    with suppress(OSError, ValueError):  # a stream without a file descriptor, such as a captured one in a test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def guarded(name: str, command: Callable[Arguments, int]) -> Callable[Arguments, int]:
    """The command with errors as one sentence and an exit code; it prints nothing after Ctrl-C or when its pipe is closed."""

    @wraps(command)
    def run(*positional: Arguments.args, **named: Arguments.kwargs) -> int:
        try:
            code = command(*positional, **named)
            sys.stdout.flush()
        except (BadInput, AwsUnreachable) as error:
            print(printable_lines(f"spotwarden {name}: {error}"), file=sys.stderr)
            return BAD_INPUT if isinstance(error, BadInput) else UNREACHABLE
        except KeyboardInterrupt:
            return INTERRUPTED
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
