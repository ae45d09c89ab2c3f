# The contributing guide in a few targets. Each installs what it needs into .venv, from Python 3.11 or newer, git and make alone.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
SEEDS ?= 5000
ARGS ?=

.PHONY: help demo test check lint simulate mutants bench nightly picture package clean

help:  ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

demo: $(BIN)/installed  ## simulated jobs through the real controller; ARGS=--week is the long one
	$(BIN)/python -m infra.local.demo $(ARGS)

test: $(BIN)/installed  ## everything that must hold; ARGS=tests/unit/decide runs a part
	$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),-n 2 --dist loadfile)

check: lint  ## lint, types and quick tests
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/style tests/properties tests/unit --ignore tests/unit/infra

lint: $(BIN)/installed  ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

simulate: $(BIN)/installed  ## the proof: SEEDS worlds of faults
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) $(ARGS)

mutants: $(BIN)/installed  ## how many mutants of the pure packages the tests kill; ARGS="--sample 40 --package decide"
	$(BIN)/python -m tests.mutation $(ARGS)

nightly: simulate  ## what takes long: 5,000 seeds, mutants, benchmarks
	$(BIN)/python -m tests.simulation.mutants
	$(BIN)/python -m tests.mutation
	$(BIN)/python -m tests.benchmarks.month

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
