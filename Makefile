# ghconnect: the commands of this project. `make help` explains them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
PEOPLE ?=
PIP = .venv/bin/python -m pip install --quiet --require-hashes

.DEFAULT_GOAL := help
.PHONY: help venv requirements

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv/bin/python:
	@echo "Making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "Python could not make a virtual environment. On Debian: apt install python3-venv"; exit 1; }

.venv/.runtime: requirements.txt | .venv/bin/python
	@echo "Installing what requirements.txt pins (about a minute the first time)"
	@$(PIP) -r requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.runtime
	@echo "Installing what requirements-dev.txt pins"
	@$(PIP) -r requirements-dev.txt
	@touch $@

venv: .venv/.dev ## .venv with everything pinned, runtime and tools

COMPILE = UV_CUSTOM_COMPILE_COMMAND="make requirements" .venv/bin/uv pip compile --quiet --universal \
  --python-version 3.11 --generate-hashes

requirements: .venv/.dev ## compile requirements*.txt after a change of requirements*.in (UPGRADE=1: newest)
	$(COMPILE) $(if $(UPGRADE),--upgrade) -o requirements.txt requirements.in
	$(COMPILE) $(if $(UPGRADE),--upgrade) -o requirements-dev.txt requirements-dev.in
