# Every target sets itself up first. What is set up stays in .venv, .venv-sam, .cache and .aws-sam; `make clean` removes it.
# Database servers are kept outside, for all checkouts of a user: see cache_folder() in lab/servers/host.py.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help

# The environment, not the command line, reaches scripts: `make test PYTHON=python3.13`.
export PYTHON
# Nothing here calls home, and boto3 wants a region even where nothing is called.
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= eu-central-1
export PYTHONPATH := $(CURDIR)/layers/secret_rotation

python := .venv/bin/python
# layers/Makefile takes pip from the first python3 on PATH, whatever PYTHON is here.
sam := env -u PYTHON PATH="$(CURDIR)/.venv-sam/bin:$$PATH" .venv-sam/bin/sam
rie := .cache/rie/aws-lambda-rie
layer_lock := layers/dependencies/requirements.txt

.PHONY: help
help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: .venv/.demo $(rie) ## Rotate real databases before your eyes (ENGINE=mysql for MySQL)
	@$(python) -m lab.demo

.PHONY: lab
lab: .venv/.demo $(rie) .aws-sam/host/template.yaml ## Keep a local Secrets Manager, Lambda and databases up (LAB_ADDRESS=172.17.0.1: for containers, too)
	@PATH="$(CURDIR)/.venv-sam/bin:$$PATH" $(python) -m lab

.PHONY: test
test: .venv/.dev $(rie) .aws-sam/host/template.yaml ## Run all tests, against real databases
	@$(python) -m pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

.PHONY: crash-table
crash-table: .venv/.demo ## Kill rotations at every moment, in every way, and write docs/crash-table.md (an hour)
	@$(python) -m lab.crash $(CRASH_ARGS)

.PHONY: bench-fleet
bench-fleet: .venv/.demo $(rie) .aws-sam/host/template.yaml ## Rotate fleets of up to 500 secrets, measured (BENCH_ARGS="--secrets 1,10")
	@$(python) -m benchmarks.fleet $(BENCH_ARGS)

.PHONY: capacity
capacity: .venv/.demo ## Compute docs/capacity.md anew
	@$(python) -m benchmarks.fleet.page

.PHONY: bench
bench: .venv/.demo $(rie) .aws-sam/host/template.yaml ## Measure the functions against a floor (PUBLISH=1 for the docs)
	@$(python) -m benchmarks $(if $(PUBLISH),--publish) $(BENCH_ARGS)

.PHONY: lint
lint: .venv/.dev ## Check style, formatting and layering
	@$(python) -m ruff check --quiet .
	@$(python) -m ruff format --check --quiet .
	@.venv/bin/lint-imports --no-logo --cache-dir .cache/import-linter >.cache/import-linter.log \
		|| { cat .cache/import-linter.log; exit 1; }

.PHONY: types
types: .venv/.dev ## Check types
	@$(python) -m mypy --no-error-summary

.PHONY: template
template: .venv-sam/.sam ## Check template.yaml and examples/
	@$(sam) validate --lint >/dev/null
	@mkdir -p .cache
	@.venv-sam/bin/python scripts/transform.py >.cache/transformed.json
	@.venv-sam/bin/cfn-lint -- .cache/transformed.json examples/*.yaml

.PHONY: build
build: .venv-sam/.sam ## Build what `sam deploy` deploys (ARCHITECTURE=x86_64 for that one)
	@$(sam) build $(if $(ARCHITECTURE),--parameter-overrides Architecture=$(ARCHITECTURE)) >.cache/build.log 2>&1 \
		|| { cat .cache/build.log; exit 1; }
	@grep 'without bytecode' .cache/build.log | sort -u || true

.PHONY: lock
lock: ## Update all locked versions (needs uv)
	@scripts/lock

.PHONY: clean
clean: ## Remove all that was set up or built
	rm -rf .venv .venv-sam .cache .aws-sam .hypothesis
	find benchmarks functions lab layers scripts tests -name __pycache__ -prune -exec rm -rf {} +

# Setting up ----------------------------------------------------------------------------------------------------------
# A stamp is written last, so a set-up that was interrupted is done again.

# Changes when another Python is asked for, the one that was used is gone, or the checkout has moved: its scripts know where.
.cache/python: FORCE
	@mkdir -p .cache
	@{ scripts/python && pwd; } >$@.new || { rm -f $@.new; exit 1; }
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

.PHONY: FORCE
FORCE:

.venv/.demo: requirements/demo.txt $(layer_lock) .cache/python
	@scripts/venv .venv "$$(head -1 .cache/python)" requirements/demo.txt
	@touch $@

.venv/.dev: .venv/.demo requirements/dev.txt
	@scripts/install .venv requirements/dev.txt
	@touch $@

.venv-sam/.sam: requirements/sam.txt .cache/python
	@scripts/venv .venv-sam "$$(head -1 .cache/python)" requirements/sam.txt
	@touch $@

$(rie): requirements/sam.txt | .venv/.demo
	@scripts/fetch-rie $(python) $@

# The functions as `sam build` makes them, but with drivers for this machine and its Python: the lab runs these.
source := $(wildcard template.yaml functions/Makefile functions/*/app.py layers/Makefile scripts/bytecode.mk) $(layer_lock) \
	$(shell find layers/secret_rotation -type f -not -name '*.pyc')

.aws-sam/host/template.yaml: $(source) .cache/python .venv-sam/.sam
	@echo "Building the functions for this machine ..." >&2
	@architecture=$$(uname -m | sed 's/aarch64/arm64/'); \
	LAYER_PYTHON=$$($(python) -c 'import sys; print("%d.%d" % sys.version_info[:2])') \
	$(sam) build --build-dir .aws-sam/host --parameter-overrides "Architecture=$$architecture" >.cache/host.log 2>&1 \
		|| { cat .cache/host.log; exit 1; }
	@touch $@
