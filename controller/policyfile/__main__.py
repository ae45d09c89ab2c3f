"""``python -m controller.policyfile FOLDER FILE``: compiles a policy folder to the JSON file that is packaged."""

from __future__ import annotations

import sys
from pathlib import Path

from controller.aws.system_clock import SystemClock
from controller.policyfile import as_text, validate_folder


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m controller.policyfile FOLDER FILE", file=sys.stderr)
        return 2
    folder, target = arguments
    validated = validate_folder(folder, now=SystemClock().now())
    for problem in (*validated.errors, *validated.warnings):
        print(problem.text, file=sys.stderr)
    if validated.errors:
        return 2
    Path(target).write_text(as_text(validated.document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
