"""``python -m controller.policyfile FOLDER FILE``: compiles a policy folder to the JSON file that is packaged."""

from __future__ import annotations

import sys
from pathlib import Path

from controller.aws.system_clock import SystemClock
from controller.policyfile import BadPolicy, as_text, compile_folder, warnings_of


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m controller.policyfile FOLDER FILE", file=sys.stderr)
        return 2
    folder, target = arguments
    now = SystemClock().now()
    try:
        document = compile_folder(folder, now=now)
    except BadPolicy as error:
        print(error, file=sys.stderr)
        return 2
    for warning in warnings_of(document, now):
        print(warning, file=sys.stderr)
    Path(target).write_text(as_text(document), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
