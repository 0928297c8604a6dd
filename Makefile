# The tasks of a contributor. Each sets up `.venv` by itself; all that is needed is Python 3.11 or newer, and make.
#
#   make demo     crawl, index and search a real site served from this machine
#   make test     every test but the slow ones, with coverage
#   make lint     style, types and the direction of imports
#   make bench    the benchmarks (minutes)
#   make soak     try for hours to break an index: docs/RELIABILITY.md
#   make format   let ruff lay the code out
#
# Another interpreter: make PYTHON=python3.13 test        Other arguments for pytest: make test ARGS="-k query"

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV   ?= .venv
ARGS   ?=
DEMO   ?= demo-site
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test warmup lint bench format slow soak clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

# The stamp is newer than what decides the environment's content, so a change of dependencies is installed by the next make.
$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) was not found; name another: make PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: searchkit needs Python 3.11 or newer, and $(PYTHON) is older; name another: make PYTHON=..." >&2; exit 2; }
	@test -x $(BIN)/python || { echo "Setting up $(VENV) with $(PYTHON); the first time takes a minute or two." >&2; $(PYTHON) -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,lint]'
	@# As pip does for what it copies; else every process compiles the sources anew where writing bytecode is turned off.
	$(BIN)/python -m compileall -q searchkit crawler cli
	@touch $@

demo: $(READY) ## crawl, index and search a real site served from this machine
	$(BIN)/searchkit demo $(DEMO)

test: warmup ## every test but the slow ones, with coverage
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" --cov --cov-fail-under=90 $(ARGS)

warmup: $(READY)
	@# Once and by one process; else each of pytest's would compile the kernels by itself.
	$(BIN)/searchkit warmup

soak: $(READY) ## try for hours to break an index: kills, power cuts, damage, full disks (ARGS="PART ...")
	$(BIN)/python -m tests.faults.soak $(ARGS)

slow: $(READY) ## the slow tests: kill loops, large collections
	$(BIN)/python -m pytest -m slow $(ARGS)

lint: $(READY) ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## let ruff lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## searchkit beside other engines (minutes)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@# Without what pyterrier-pisa depends on (PyTerrier, Java): only its compiled module is used, and that needs tbb.
	-@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps pyterrier-pisa==0.4.9 tbb==2020.3.254 \
		|| echo "PISA does not install here; it is left out." >&2
	$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove what make made; never an index of yours
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.*
