# `make run` and `make test` do all the set-up they need: Python 3.11 or later and make are enough.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-slow browser lint format-check check types imports format clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: $(VENV)/run.stamp  ## set up with the run-time dependencies alone, then run the copy task
	$(BIN)/rnnlab run copy-task

test: lint browser  ## every check and every test that is not slow
	$(BIN)/pytest -n 2 -m "not slow"

test-slow: $(VENV)/dev.stamp  ## the slow tests
	$(BIN)/pytest -n 2 -m slow

# The tests of reports look at them in Chromium; without it they say so and are skipped, but not in CI.
browser:  ## install Debian's Chromium, where it is missing and you are root
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the tests of reports"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	else \
		echo "No Chromium: the tests that look at reports are skipped. Install it to run them."; \
	fi

lint: format-check check types imports  ## what pre-commit runs too

format-check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check

check: $(VENV)/dev.stamp
	$(BIN)/ruff check

types: $(VENV)/dev.stamp
	$(BIN)/mypy

imports: $(VENV)/dev.stamp
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp  ## rewrite the code to the house format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## remove the environment and all caches, not the results
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is as new as the set-up it stands for: a second call does nothing until pyproject.toml changes.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("rnnlab needs Python 3.11 or later, $(PYTHON) is " + sys.version.split()[0] + ": name another with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml | $(BIN)/python
	@echo "Installing rnnlab and its run-time dependencies into $(VENV)"
	$(PIP) install --editable .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(BIN)/python
	@echo "Installing rnnlab with the tools and PyTorch for the tests into $(VENV)"
	$(PIP) install --editable '.[dev]'
	@touch $(VENV)/run.stamp $@
