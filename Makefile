# make run [MUSIC=folder]   set up, add a folder of music, show what sounds alike
# make test                 lint, strict typing, all tests
# make docs                 bring the generated parts of docs/ up to date

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test docs clean
.DEFAULT_GOAL := run

run: $(VENV)/.installed
	@$(BIN)/segue start $(if $(MUSIC),"$(MUSIC)") || [ $$? -eq 3 ]
	@echo "(segue is at $(BIN)/segue; \`pipx install .\` puts it on your PATH)"

test: export SEGUE_EAR ?= $(abspath $(VENV))/ear
test: $(VENV)/.test-installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@$(BIN)/segue ear install || echo "the ear could not be fetched: its tests will be skipped"
	$(BIN)/python -m pytest

docs: $(VENV)/.test-installed
	$(BIN)/python docs/generate.py

$(VENV)/bin/python:
	@[ -n "$(PYTHON)" ] || { echo "Segue needs Python 3.11 or newer; none was found." >&2; exit 1; }
	@echo "Making the environment in $(VENV) with $(PYTHON) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing Segue and what it needs ..."
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.test-installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing Segue and what its tests need ..."
	@$(PIP) install torch==2.13.0
	@$(PIP) install --editable ".[dev]"
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
