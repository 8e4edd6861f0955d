# Everything that is done with this repository: `make help`. Needs GNU make and Python 3.11 or newer; the rest it installs
# into virtual environments of its own, with the versions that constraints/ names; nox makes those of the matrix.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help python venv demo lint types unit coverage integration test test-long test-matrix test-oldest test-dry-runs \
  test-outcomes test-faults bench build clean

VENV := .venv
BIN := $(VENV)/bin

# Two test files at once, each with deployments of its own: a deployment keeps one core busy, so more need more cores.
WORKERS ?= 2
AT_ONCE = --numprocesses $(WORKERS) --dist loadfile

# A candidate is run, not looked up: version managers leave launchers on PATH for interpreters that are not there, and
# Linux distributions package Python without venv or ensurepip.
first_python = $(firstword $(foreach candidate,$(1),$(shell $(candidate) -c \
  'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(candidate))))
PYTHON ?= $(call first_python,python3.13 python3.12 python3.11 python3 python)

# CELL names one, or several; ONLY names parts of a cell: unit, reporting, task_runner, wheel, sixty. QUICK=1 leaves out the
# long unit tests, and those of texts, of the emulator, of calls to AWS and of pages.
NOX = $(BIN)/python -m nox
SESSIONS = $(if $(CELL),--session $(CELL:%=cell-%) compatibility)

# Nothing is built in isolation: that would take the newest builders, which constraints/ does not name.
CONSTRAINTS := constraints/airflow-3.3.txt
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS)
UV = $(BIN)/python -m uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-build-isolation \
  --constraint $(CONSTRAINTS)

python: # Print the interpreter that would be taken
	@echo $(or $(PYTHON),none)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(VENV)/.installed ## Create .venv: Airflow 3.3 and every tool

$(VENV)/.installed: pyproject.toml airflow_provider_datapipeline/__init__.py $(CONSTRAINTS)
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer with venv and ensurepip on PATH (on Debian and Ubuntu:" \
	  "apt-get install python3 python3-venv); name one with PYTHON=..." >&2; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) as in $(CONSTRAINTS); the first time takes a minute ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(PIP) pip setuptools uv
	@$(UV) --group dev
	@$(UV) --editable '.[emulator]'
	@touch $@
	@echo "$(VENV) is ready."

demo: venv ## Run DAGs for an emulated Data Pipeline on a real Airflow; KEEP=1 leaves the UI up
	@$(BIN)/python -m tests.demo $(if $(KEEP),--keep)

lint: venv ## Check style and formatting
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: venv ## Check types
	@$(BIN)/mypy

unit: venv ## Run the tests that need no Airflow processes; THOROUGH=1 draws 25 times as many examples
	@$(BIN)/python -m pytest $(AT_ONCE) -m "not integration and not long" $(if $(THOROUGH),--hypothesis-profile thorough)

# The rooms whose code needs no Airflow process. Less than the floor means that a whole function lost its unit test.
PURE_ROOMS = masking/* reporting/* outcome/* telemetry/* pipeline_task.py _sans_io.py _task_runner/* delivery/*
COVERED_PERCENT = 98
COVERAGE = $(BIN)/python -m coverage
in_package = airflow_provider_datapipeline/$(1)
comma := ,
space := $(subst ,, )

coverage: venv ## Print which lines of the rooms of pure logic the unit tests do not run
	@mkdir -p build/coverage
	@$(COVERAGE) erase
	@$(COVERAGE) run -m pytest $(AT_ONCE) -m "not integration and not long"
	@$(COVERAGE) combine --quiet
	@for room in $(foreach room,$(PURE_ROOMS),'$(call in_package,$(room))'); do \
	  printf '\n%s\n' "$$room"; $(COVERAGE) report --include "$$room"; done
	@printf '\nAll of these rooms, of which %s %% have to be covered\n' $(COVERED_PERCENT)
	@$(COVERAGE) report --format total --fail-under $(COVERED_PERCENT) \
	  --include '$(subst $(space),$(comma),$(foreach room,$(PURE_ROOMS),$(call in_package,$(room))))'

integration: venv ## Run the scenarios of task runner and operator on a real Airflow 3.3
	@$(BIN)/python -m pytest $(AT_ONCE) -m "integration and not every_way and not long"

test-long: venv ## Run what takes longer: callbacks on a real Airflow 3.3, deaths of its processes, connections it stores
	@$(BIN)/python -m pytest $(AT_ONCE) -m long

test: lint types unit integration ## All four: what a change has to pass

test-matrix: venv ## Test the wheel on every platform, write docs/compatibility.md; CELL=3.0.6 runs one, ONLY=unit a part
	@$(NOX) $(SESSIONS) $(if $(ONLY),-- $(ONLY))

test-oldest: venv ## The cell of the matrix with the lowest releases that pyproject.toml declares
	@$(NOX) --session cell-lowest compatibility $(if $(ONLY),-- $(ONLY))

test-dry-runs: venv ## Resolve the wheel under every constraint file of Amazon MWAA, in the folder MWAA_CONSTRAINTS
	@$(NOX) --session dry-runs

test-outcomes: venv ## Make a run end in every way, reported in every way, and write the pages about it; CHECK=1 only compares
	@$(BIN)/python -m tests.outcome_matrix $(if $(CHECK),--check)

test-faults: venv ## Kill what a distributed Airflow is made of, and write docs/faults.md; QUICK=1 a part, FAULT=name one, SEED=2 others
	@$(BIN)/python -m tests.chaos $(if $(QUICK),--quick) $(if $(FAULT),--fault $(FAULT)) $(if $(SEED),--seed $(SEED))

bench: venv ## Measure, figures to the terminal; HELD=1000 instead measures so many tasks held at once, half an hour
	@$(BIN)/python -m benchmarks $(if $(HELD),scale --held $(HELD))

build: venv ## Build wheel and source distribution into dist/
	@$(BIN)/python -m hatchling build

clean: ## Remove everything that make created
	@rm -rf $(VENV) build dist .demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
