# The contributing guide in a few targets. Each installs what it needs into .venv, from Python 3.11 or newer, git and make alone.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
SEEDS ?= 5000
ARGS ?=

.PHONY: demo test lint simulate mutants bench picture package clean

demo: $(BIN)/installed  ## a simulated week through the real controller; ARGS="--jobs 60 --trace FILE"
	$(BIN)/python -m infra.local.demo $(ARGS)

test: $(BIN)/installed  ## everything that must hold
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

lint: $(BIN)/installed  ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

simulate: $(BIN)/installed  ## the proof: SEEDS worlds of faults
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) $(ARGS)

mutants: $(BIN)/installed  ## which small mistakes in the pure packages no unit or property test notices; ARGS="--sample 40 --seed 2"
	$(BIN)/python -m tests.mutation $(ARGS)

bench: $(BIN)/installed  ## what a month's digest costs by the number of its jobs; ARGS="--dynamo"
	$(BIN)/python -m tests.benchmarks.month $(ARGS)

picture: demo  ## the README's pictures, from the demo's own Slack page and report; needs chromium
	$(BIN)/python -m infra.browser build/demo/slack.html docs/slack-message.png --width 860 --open --at "article:has(b:text-is('tracker-climbs'))"
	$(BIN)/python -m infra.browser build/demo/slack.html docs/slack-digest.png --width 860 --at "article:has(h3:text('Wednesday, 18 November'))"
	$(BIN)/python -m infra.browser build/demo/report.html docs/report.png --width 1000 --height 1100

package: $(BIN)/installed  ## what goes to AWS: build/package/{deployment.zip,sam.json}
	$(BIN)/python infra/build.py --out build/package $(ARGS)

$(BIN)/installed: pyproject.toml requirements.txt
	@test -n "$(PYTHON)" || { echo "Spotwarden needs Python 3.11 or newer; none of python3, python3.13, python3.12, python3.11 is" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

clean:
	rm -rf .venv build
