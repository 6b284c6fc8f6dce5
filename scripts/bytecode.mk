# How the layers and the functions are compiled. Lambda's /opt and /var/task are read-only: without bytecode, every cold
# start would compile every module. The hash of the source stays unchecked, since what is deployed never changes and its
# files' times are not kept. The source stays, for tracebacks, which name files as they lie in Lambda.

# The runtime in template.yaml. The lab sets it to the Python of the machine, to run the same build without Lambda.
LAYER_PYTHON ?= 3.13

SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# $(call compile,DIRECTORY,WHERE): compile DIRECTORY, whose parent artifacts directory lies at WHERE in Lambda. Without a
# random seed for hashes, sets have one order, and the same source compiles to the same bytes each time.
compile = @if python$(LAYER_PYTHON) -c "" 2>/dev/null; then \
	PYTHONHASHSEED=0 python$(LAYER_PYTHON) -m compileall -q --invalidation-mode unchecked-hash \
		-s "$(ARTIFACTS_DIR)" -p $(2) "$(1)"; \
else \
	echo "python$(LAYER_PYTHON) is not on PATH: $@ ships without bytecode, so each cold start compiles it."; \
fi
