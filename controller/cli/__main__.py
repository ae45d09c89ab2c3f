"""``python -m controller.cli``: the same as ``spotwarden``, where no script is installed."""

import sys

from controller.cli import main

sys.exit(main())
