# Everything that is done with this repository: `make help`. Needs GNU make and Python 3.11 or newer; the rest it installs
# into virtual environments of its own, with the versions that constraints/ names.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help python venv venv-oldest demo lint types unit real test test-long test-oldest test-outcomes test-faults bench build clean

VENV := .venv
VENV_OLDEST := .venv-oldest
BIN := $(VENV)/bin
BIN_OLDEST := $(VENV_OLDEST)/bin

# Two test files at once, each with deployments of its own: a deployment keeps one core busy, so more need more cores.
WORKERS ?= 2
AT_ONCE = --numprocesses $(WORKERS) --dist loadfile

# A candidate is run, not looked up: version managers leave launchers on PATH for interpreters that are not there, and
# Linux distributions package Python without venv or ensurepip.
first_python = $(firstword $(foreach candidate,$(1),$(shell $(candidate) -c \
  'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $(2)))' 2>/dev/null && echo $(candidate))))
PYTHON ?= $(call first_python,python3.13 python3.12 python3.11 python3 python,99)
PYTHON_OLDEST ?= $(call first_python,python3.11 python3.12 python3 python,12)

# Nothing is built in isolation: that would take the newest builders, which constraints/ does not name.
# $(call create_venv,interpreter,folder,constraints,dependency group,versions of Python that will do)
define create_venv
@test -n "$(1)" || { echo "error: no Python $(5) with venv and ensurepip on PATH (on Debian and Ubuntu: apt-get install" \
  "python3 python3-venv); name one with PYTHON=... or PYTHON_OLDEST=..." >&2; exit 1; }
@echo "Setting up $(2) with $$($(1) --version) as in $(3); the first time takes a few minutes ..."
@$(2)/bin/python -m pip --version >/dev/null 2>&1 || $(1) -m venv --clear $(2)
@$(2)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(3) pip setuptools
@$(2)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(3) --no-build-isolation --group $(4)
@$(2)/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(3) --no-build-isolation --editable '.[emulator]'
@touch $@
@echo "$(2) is ready."
endef

python: # Print the interpreters that would be taken, for Airflow 3.3 and for 2.11
	@echo $(or $(PYTHON),none) $(or $(PYTHON_OLDEST),none)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(VENV)/.installed ## Create .venv: Airflow 3.3 and every tool
venv-oldest: $(VENV_OLDEST)/.installed ## Create .venv-oldest: Airflow 2.11 and the oldest releases supported

$(VENV)/.installed: pyproject.toml constraints/airflow-3.3.txt
	$(call create_venv,$(PYTHON),$(VENV),constraints/airflow-3.3.txt,dev,3.11 or newer)

$(VENV_OLDEST)/.installed: pyproject.toml constraints/airflow-2.11.txt
	$(call create_venv,$(PYTHON_OLDEST),$(VENV_OLDEST),constraints/airflow-2.11.txt,test,3.11 or 3.12)

demo: venv ## Run DAGs for an emulated Data Pipeline on a real Airflow; KEEP=1 leaves the UI up
	@$(BIN)/python -m tests.demo $(if $(KEEP),--keep)

lint: venv ## Check style and formatting
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: venv ## Check types
	@$(BIN)/mypy

unit: venv ## Run the tests that need no Airflow processes; THOROUGH=1 draws 25 times as many examples
	@$(BIN)/python -m pytest $(AT_ONCE) -m "not real" $(if $(THOROUGH),--hypothesis-profile thorough)

real: venv ## Run the scenarios of task runner and operator on a real Airflow 3.3
	@$(BIN)/python -m pytest $(AT_ONCE) -m "real and not every_way and not long"

test-long: venv ## Run the other tests on a real Airflow 3.3: callbacks, deaths of its processes, the harness
	@$(BIN)/python -m pytest $(AT_ONCE) -m "real and long"

test: lint types unit real ## All four: what a change has to pass, with test-oldest

test-oldest: venv-oldest ## Unit and real tests on Airflow 2.11 and the oldest releases supported
	@$(BIN_OLDEST)/python -m pytest $(AT_ONCE) -m "not real"
	@$(BIN_OLDEST)/python -m pytest $(AT_ONCE) -m real

test-outcomes: venv ## Make a run end in every way, reported in every way, and write docs/outcomes.md; CHECK=1 only compares it
	@$(BIN)/python -m tests.outcomes $(if $(CHECK),--check)

test-faults: venv ## Kill what a distributed Airflow is made of, and write docs/faults.md; QUICK=1 runs a part, SEED=2 others
	@$(BIN)/python -m tests.faults $(if $(QUICK),--quick) $(if $(SEED),--seed $(SEED))

bench: venv ## Measure; the figures go to the terminal
	@$(BIN)/python -m benchmarks

build: venv ## Build wheel and source distribution into dist/
	@$(BIN)/python -m hatchling build

clean: ## Remove everything that make created
	@rm -rf $(VENV) $(VENV_OLDEST) build dist .demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
