"""``spotwarden compile``: turns a policy folder into the JSON document that Lambda loads."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from controller.policyfile import BadPolicy, as_text, compile_folder

HELP = "compile a policy folder to the JSON document that ships to Lambda"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the folder of policy files")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write it; standard output, if not given")


def run(arguments: Namespace) -> int:
    try:
        text = as_text(compile_folder(arguments.folder))
        if arguments.output is None:
            sys.stdout.write(text)
        else:
            Path(arguments.output).write_text(text, encoding="utf-8")
    except BadPolicy as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{arguments.output}: found {error.strerror}, wanted a file to write to", file=sys.stderr)
        return 2
    return 0
