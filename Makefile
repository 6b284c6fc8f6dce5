# Every target sets itself up first. What is set up stays in .venv*, .cache and .aws-sam; `make clean` removes it.
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
ifeq ($(origin engine),command line)
$(error Write ENGINE=$(engine), in capitals)
endif
export PYTHONPATH := $(CURDIR)/layers/secret_rotation

python := .venv/bin/python
# layers/Makefile takes pip from the first python3 on PATH, whatever PYTHON is here.
with_sam := env -u PYTHON PATH="$(CURDIR)/.venv-sam/bin:$$PATH"
sam := $(with_sam) .venv-sam/bin/sam
rie := .cache/rie/aws-lambda-rie
wheels := .cache/wheels/.complete
layer_lock := layers/dependencies/requirements.txt
templates := fleet/template.yaml $(wildcard examples/*.yaml examples/consumers/*.yaml)
# The tests that need neither a database server nor what SAM builds, nor the AWS command line that comes with it.
serverless := tests/unit tests/model tests/docs tests/rotationctl tests/template/test_functions_alike.py \
	--ignore=tests/model/test_conformance.py $(addprefix --ignore=tests/docs/test_,clients.py moving_over.py sql.py typed.py) \
	$(addprefix --ignore=tests/rotationctl/test_,check_on_aws.py discover.py enable.py history_rotation.py installed.py) \
	$(addprefix --ignore=tests/rotationctl/test_,leaked.py local.py recover_typed.py recover_yes.py rotate_fleet.py sam.py) \
	$(addprefix --ignore=tests/rotationctl/test_,typed.py watch_rotation.py) \
	$(addprefix --ignore=tests/rotationctl/check/test_,network_plan.py rotation.py typed_remedies.py watchers.py) \
	$(addprefix --deselect=tests/rotationctl/check/test_,metadata_of_checks.py::test_a_shorter_window_can_be_set \
		pre.py::test_nothing_stands_in_the_way)

.PHONY: help
help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: .venv/.demo $(rie) ## Rotate real databases before your eyes (ENGINE=mysql: MySQL)
	@$(python) -m lab.demo

.PHONY: lab
lab: free-port .venv/.demo $(rie) .aws-sam/host/template.yaml ## Keep a local AWS and databases up (LAB_PORT, LAB_ADDRESS)
	@PATH="$(CURDIR)/.venv-sam/bin:$$PATH" $(python) -m lab

# Before anything is installed for a lab that could not listen.
.PHONY: free-port
free-port:
	@python=$$(scripts/python) && "$$python" -m lab.up.endpoint

# A part of the tests says little about coverage, so it is measured of the whole alone.
.PHONY: test
test: .venv/.dev $(rie) .aws-sam/host/template.yaml ## Run all tests on real databases (PYTEST_ARGS=tests/unit: some)
	@$(python) -m pytest -n 2 --dist loadgroup $(or $(PYTEST_ARGS),--cov)

# In the order of their names: one worker has the longest file from the first moment, the other one all else.
.PHONY: test-deploy
test-deploy: .venv/.dev .venv-ministack/.ministack .aws-sam/host/template.yaml ## Deploy all templates to a cloud that others wrote
	@$(python) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(or $(PYTEST_ARGS),tests/deploy)

# The images are fetched first: a test has not the time.
.PHONY: test-docker
test-docker: export LAB_POSTGRES ?= docker
test-docker: export LAB_MYSQL ?= docker
test-docker: .venv/.dev ## Run all tests on images of Docker (LAB_POSTGRES=docker:17)
	@$(python) -m lab.engines.images
	@$(MAKE) test

.PHONY: check
check: lint types ## Check all that needs no database server, in a few minutes
	@$(python) -m pytest -n 2 --quiet --no-header -r fE $(serverless)
	@echo "All is well, as far as can be told without a server. \`make test\` runs the rest."

.PHONY: crash-table
crash-table: .venv/.demo ## Kill rotations at every moment, for the docs (an hour)
	@$(python) -m lab.crash $(CRASH_ARGS)

.PHONY: recording
recording: .venv/.demo $(rie) ## Record the demo anew, as the picture in the README
	@$(python) -m scripts.recording

.PHONY: commands
commands: .venv/.dev ## Write the pages of commands and of checks anew, from the code
	@$(python) -m scripts.command_page
	@$(python) -m scripts.check_page

.PHONY: picture
picture: .venv/.dev ## Look at a report in Chromium, and picture it for the docs
	@command -v chromium chromium-browser google-chrome >/dev/null \
		|| { echo "There is no Chromium: apt-get install chromium" >&2; exit 1; }
	@mkdir -p docs/images
	@REPORT_PICTURE=1 $(python) -m pytest --quiet --no-header tests/rotationctl/test_report_browser.py

.PHONY: bench-fleet
bench-fleet: .venv/.demo $(rie) .aws-sam/host/template.yaml ## Rotate fleets of up to 1,000 secrets (BENCH_ARGS="--help")
	@$(python) -m benchmarks fleet $(BENCH_ARGS)

.PHONY: soak
soak: .venv/.demo $(rie) .aws-sam/host/template.yaml ## Rotate 1,000 times in one warm environment of each function
	@$(python) -m benchmarks soak $(BENCH_ARGS)

.PHONY: capacity
capacity: .venv/.demo ## Compute docs/capacity.md anew
	@$(python) -m benchmarks capacity

.PHONY: bench
bench: .venv/.demo $(rie) .aws-sam/host/template.yaml ## Measure the functions against a floor (PUBLISH=1 for the docs)
	@$(python) -m benchmarks functions $(if $(PUBLISH),--publish) $(BENCH_ARGS)

.PHONY: lint
lint: .venv/.dev ## Check style, layering, workflows, and that engines are asked
	@$(python) -m ruff check --quiet .
	@$(python) -m ruff format --check --quiet .
	@.venv/bin/lint-imports --no-logo --cache-dir .cache/import-linter >.cache/import-linter.log \
		|| { cat .cache/import-linter.log; exit 1; }
	@$(python) scripts/engine_switches.py
	@.venv/bin/zizmor --offline --quiet --no-progress .github/workflows >.cache/zizmor.log \
		|| { cat .cache/zizmor.log; exit 1; }

.PHONY: types
types: .venv/.dev ## Check types
	@$(python) -m mypy --no-error-summary

.PHONY: template
template: .venv-sam/.sam ## Check template.yaml and examples/
	@$(sam) validate --lint >/dev/null
	@mkdir -p .cache
	@.venv-sam/bin/python scripts/transform.py >.cache/transformed.json
	@.venv-sam/bin/cfn-lint -- .cache/transformed.json $(templates) scripts/check_on_aws/databases.yaml
	@.venv-sam/bin/cfn-lint --ignore-checks W3002 -- scripts/check_on_aws/client.yaml

# Without the key to checkov's service that a user may have: with it checkov would send there what it finds.
.PHONY: security
security: .venv-security/.security ## Look for holes in the code, template.yaml and examples/
	@.venv-security/bin/bandit --quiet --configfile pyproject.toml --recursive layers functions rotationctl lab scripts benchmarks
	@env -u BC_API_KEY HOME="$(CURDIR)/.cache" .venv-security/bin/checkov --file template.yaml $(templates) >.cache/checkov.log \
		|| { cat .cache/checkov.log; exit 1; }

.PHONY: build
build: .venv-sam/.sam ## Build what `sam deploy` deploys, for both processors
	@$(sam) build >.cache/build.log 2>&1 \
		|| { cat .cache/build.log; exit 1; }
	@grep 'without bytecode' .cache/build.log | sort -u || true

# It says what it makes and what that costs, and asks, before it makes anything.
.PHONY: check-on-aws
check-on-aws: .venv/.demo build ## Try all of it in your AWS account (CHECK_ARGS=--help)
	@PATH="$(CURDIR)/.venv-sam/bin:$$PATH" $(python) -m scripts.check_on_aws $(CHECK_ARGS)

# Words of the command line alone, and never pasted into a shell: whoever may name a tag runs nothing here.
.PHONY: release
release: export RELEASE_TAG = $(if $(filter command line,$(origin TAG)),$(TAG))
release: export RELEASE_SUMS = $(if $(filter command line,$(origin SUMS)),$(SUMS))
release: .venv-sam/.sam $(wheels) ## Make a release in dist/ (TAG=v0.1.0, SUMS=FILE: see the docs)
	@$(with_sam) PIP_NO_INDEX=1 PIP_FIND_LINKS="$(CURDIR)/$(dir $(wheels))" .venv-sam/bin/python -m scripts.release \
		$${RELEASE_TAG:+--tag "$$RELEASE_TAG"} $${RELEASE_SUMS:+--sums "$$RELEASE_SUMS"}

.PHONY: ca-bundle
ca-bundle: .venv/.demo ## Update RDS's certificate authorities (FROM=FILE: from a file)
	@$(python) scripts/ca_bundle.py $(if $(FROM),--from "$(FROM)")

.PHONY: lock
lock: ## Update all locked versions (needs uv)
	@scripts/lock

.PHONY: clean
clean: ## Remove all that was set up or built in the checkout
	rm -rf .venv .venv-sam .venv-ministack .venv-security .cache .aws-sam .hypothesis build dist *.egg-info
	find benchmarks functions lab layers rotationctl scripts tests -name __pycache__ -prune -exec rm -rf {} +

# Setting up ----------------------------------------------------------------------------------------------------------
# A stamp is written last, so a set-up that was interrupted is done again. What was asked for asks another make, which
# holds a lock: two first runs at once, as `make lab` beside `make test`, wait for each other.

set_up := .cache/python .venv/.demo .venv/.dev .venv-sam/.sam .venv-ministack/.ministack .venv-security/.security \
	$(rie) $(wheels) .aws-sam/host/template.yaml

.PHONY: FORCE
FORCE:

ifndef SETTING_UP
.PRECIOUS: $(set_up)
$(set_up): FORCE
	@scripts/set-up $(MAKE) SETTING_UP=1 $@
else
# Changes when another Python is asked for, the one that was used is gone, or the checkout has moved: its scripts know where.
.cache/python: FORCE
	@{ scripts/python && pwd; } >$@.new || { rm -f $@.new; exit 1; }
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

.venv/.demo: requirements/demo.txt $(layer_lock) .cache/python
	@scripts/venv .venv "$$(head -1 .cache/python)" requirements/demo.txt
	@touch $@

.venv/.dev: .venv/.demo requirements/dev.txt
	@scripts/install .venv requirements/dev.txt
	@touch $@

.venv-sam/.sam: requirements/sam.txt .cache/python
	@scripts/venv .venv-sam "$$(head -1 .cache/python)" requirements/sam.txt
	@touch $@

.venv-ministack/.ministack: requirements/ministack.txt .cache/python
	@scripts/venv .venv-ministack "$$(head -1 .cache/python)" requirements/ministack.txt
	@touch $@

.venv-security/.security: requirements/security.txt .cache/python
	@scripts/venv .venv-security "$$(head -1 .cache/python)" requirements/security.txt
	@touch $@

$(rie): requirements/sam.txt | .venv/.demo
	@scripts/fetch-rie $(python) $@

# The packages of the layer for Lambda's Python and both processors.
$(wheels): $(layer_lock) layers/Makefile scripts/bytecode.mk .venv-sam/.sam
	@echo "Fetching $(layer_lock) for both processors ..." >&2
	@rm -rf $(@D)
	@for processor in arm64 x86_64; do $(with_sam) scripts/quietly make --directory layers/dependencies/$$processor \
		--file ../../Makefile wheels WHEELS="$(CURDIR)/$(@D)"; done
	@touch $@

# The functions as `sam build` makes them, but with drivers for this machine's Python: the lab runs these.
source := $(wildcard template.yaml functions/Makefile functions/*/app.py layers/Makefile scripts/bytecode.mk) $(layer_lock) \
	$(shell find layers/secret_rotation -type f -not -name '*.pyc')

.aws-sam/host/template.yaml: $(source) .cache/python .venv-sam/.sam
	@echo "Building the functions for this machine ..." >&2
	@LAYER_PYTHON=$$($(python) -c 'import sys; print("%d.%d" % sys.version_info[:2])') \
	$(sam) build --build-dir .aws-sam/host >.cache/host.log 2>&1 \
		|| { cat .cache/host.log; exit 1; }
	@touch $@
endif
