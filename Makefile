# All tasks of this project. Each target installs what it needs; the machine needs Python 3.11 or newer, git and make.

FOUND = $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PYTHON ?= $(FOUND)
# PYTHON is this machine's interpreter, and PY the version that the package is for: a version given as PYTHON is meant as PY.
ifneq ($(filter 2.% 3.%,$(PYTHON)),)
override PY := $(or $(PY),$(PYTHON))
override PYTHON := $(FOUND)
endif
BIN := .venv/bin
DOCS := .venv-docs/bin
UV := build/uv/bin/uv
LOCK := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet
SEEDS ?= 5000
ARGS ?=

.PHONY: help install demo test check lint simulate mutants bench bench-coldstart chaos nightly docs picture package lint-stack deploy stage destroy release lock clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

install: $(BIN)/installed  ## install what the other tasks need into .venv; they do it themselves

demo: $(BIN)/installed  ## run simulated training jobs through the real controller; ARGS=--week runs the long demo
	$(BIN)/python -m infra.local.demo $(ARGS)

test: $(BIN)/installed  ## run all tests; ARGS=tests/unit/decide runs a folder, a file or one test
	$(BIN)/python -m pytest --hypothesis-profile=ci $(if $(ARGS),$(ARGS),-n 2 --dist loadfile)

check: lint  ## run lint, type checks and the quick tests, which start no server: under a minute
	$(BIN)/python -m pytest --hypothesis-profile=quick -m "not nightly and not slow" -n 2 --dist loadfile tests/style tests/properties tests/unit \
		--ignore tests/unit/infra --ignore tests/unit/cli

lint: $(BIN)/installed  ## check style, types and the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

simulate: $(BIN)/installed  ## simulate SEEDS=5000 worlds of faults and check the invariants
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) $(ARGS)

mutants: $(BIN)/installed  ## count the mutants of the pure packages that tests kill; ARGS="--sample 40 --package decide"
	$(BIN)/python -m tests.mutation $(ARGS)

bench: $(BIN)/installed  ## measure a month's digest, a policy, a backtest of 100,000 jobs, chances on spot, and warm events against c7n's
	$(BIN)/python -m tests.benchmarks.month $(ARGS)
	$(BIN)/python -m tests.benchmarks.policy
	$(BIN)/python -m tests.benchmarks.spot
	$(BIN)/python -m tests.benchmarks.backtest
	$(BIN)/python -m tests.benchmarks.warm_trigger

chaos: $(BIN)/installed  ## run the demo with the real package, and kill its processes; ARGS="--week --seed 8"
	$(BIN)/python -m tests.chaos $(ARGS)

bench-coldstart: $(BIN)/installed  ## measure cold starts of the package, of plain Chalice and of c7n, under AWS's runtime client
	$(BIN)/python -m tests.benchmarks.coldstart $(ARGS)

nightly: lint-stack simulate mutants bench  ## run everything that takes long: lint-stack, simulate, mutants, bench, chaos, and the tests marked nightly
	$(BIN)/python -m tests.chaos --week
	$(BIN)/python -m tests.chaos --jobs 37 --share 0 --fault stops-stay-open
	$(BIN)/python -m tests.chaos --jobs 37 --share 0 --fault usage-is-not-recorded
	$(BIN)/python -m tests.simulation.mutants
	$(BIN)/python -m pytest -m nightly --hypothesis-profile=nightly
	$(BIN)/python -m pytest --hypothesis-profile=nightly tests/properties tests/unit/policyfile

docs: $(DOCS)/installed  ## build the documentation site into build/site
	NO_MKDOCS_2_WARNING=1 $(DOCS)/mkdocs build --strict --quiet --site-dir build/site

picture: demo  ## take the pictures of the docs from the demo's Slack page and report; needs Chromium and a font with emoji
	$(BIN)/python -m infra.browser build/demo/slack.html docs/slack-message.png --width 860 --open --at "article:has(b:text-is('tracker-climbs'))"
	$(BIN)/python -m infra.browser build/demo/slack.html docs/slack-stopped.png --width 860 --at "article:has(b:text-is('ctr-on-demand'))"
	$(BIN)/python -m infra.browser build/demo/slack.html docs/slack-digest.png --width 860 --at "article:has(h3:text('Tuesday, 17 November'))"
	$(BIN)/python -m infra.browser build/demo/report.html docs/report.png --width 1000 --height 1350
	$(BIN)/python -m infra.browser build/demo/report.html docs/report-phone.png --width 390 --height 1400 --dark
	$(BIN)/python -m infra.package_graph

package: $(BIN)/installed  ## build what is deployed to AWS into build/package; ARCH=arm64|x86_64 PY=3.14
	@command -v "$(PYTHON)" >/dev/null || { echo "found no interpreter '$(PYTHON)': PYTHON is this machine's, PY=3.14 the package's" >&2; exit 1; }
	$(BIN)/python infra/build.py --out build/package $(if $(ARCH),--architecture $(ARCH)) $(if $(PY),--python $(PY)) $(ARGS)

lint-stack: package  ## check the stack with checkov and parliament, and the Terraform module, in environments of their own
	$(BIN)/python -m infra.lint_stack build/package/sam.json
	$(BIN)/python -m infra.lint_terraform

deploy: stage package  ## deploy a stage: STAGE=dev; shows the changes first, YES=1 does not ask; REVERT_DRIFT=yes undoes changes by hand
	$(BIN)/python -m infra.deploy deploy "$(STAGE)" $(if $(YES),--yes) $(if $(filter yes,$(REVERT_DRIFT)),--revert-drift)

# The stage is checked before the package is built, also by make -j: no package where no stage fits.
stage: $(BIN)/installed  ## check that infra/stages has a file of STAGE that can be read
	@test -n "$(STAGE)" || { echo "name a stage: make deploy STAGE=dev (a file in infra/stages)" >&2; exit 1; }
	@$(BIN)/python -m infra.deploy check "$(STAGE)"
ifneq ($(filter deploy,$(MAKECMDGOALS)),)
package: stage
endif

destroy: $(BIN)/installed  ## delete the stack of STAGE; the table stays, unless DELETE_LEDGER=yes
	@test -n "$(STAGE)" || { echo "name a stage: make destroy STAGE=dev (a file in infra/stages)" >&2; exit 1; }
	$(BIN)/python -m infra.deploy destroy "$(STAGE)" $(if $(YES),--yes) $(if $(filter yes,$(DELETE_LEDGER)),--delete-ledger)

release: $(BIN)/installed  ## make the files of a release: TAG=v0.2.0; zip, template, SBOM, checksums, notes
	@test -n "$(TAG)" || { echo "name a tag of this commit: make release TAG=v0.2.0" >&2; exit 1; }
	$(BIN)/python -m infra.release "$(TAG)"

lock:  ## renew requirements-dev.txt and docs/requirements.txt, with hashes
	$(PYTHON) -m venv build/uv && build/uv/bin/python -m pip install --quiet uv
	$(LOCK) --extra dev --output-file requirements-dev.txt pyproject.toml requirements-dev.in
	$(LOCK) --output-file docs/requirements.txt docs/requirements.in

clean:  ## delete the environments and everything that was built
	rm -rf .venv .venv-docs build

# The file `installed` is the mark of a complete environment. Nothing is installed that the lock has no hash for.
$(BIN)/installed: requirements-dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Spotwarden needs Python 3.11 or newer; none of python3, python3.13, python3.12, python3.11 is" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DOCS)/installed: docs/requirements.txt
	$(PYTHON) -m venv .venv-docs
	$(DOCS)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r docs/requirements.txt
	@touch $@
