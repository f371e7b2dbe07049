# ghconnect: the commands of this project. `make help` explains them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
PAGES_PORT ?= 8001
MACHINE_PORT ?= 9443
BROKER_PORT ?= 6390
PEOPLE ?=
VENV = .venv/bin/python
PIP = $(VENV) -m pip install --quiet --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help run venv check test sqlite running postgresql requirements browser messages screenshots a11y uploads worlds saml journeys speed api bench faults

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Variables of make run: PORT, PAGES_PORT, MACHINE_PORT, BROKER_PORT, PEOPLE (size of the pretend estate)"

run: .venv/.runtime ## the console and pretend GitHub on this machine (PORT=8000 PEOPLE=20000)
	@exec $(VENV) -m ghconnect.run --port $(PORT) --pages-port $(PAGES_PORT) --machine-port $(MACHINE_PORT) \
	  --broker-port $(BROKER_PORT) $(if $(PEOPLE),--people $(PEOPLE))

venv: .venv/.dev ## .venv with everything pinned, runtime and tools

.venv/bin/python:
	@echo "Making .venv with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "Python could not make a virtual environment. On Debian: apt install python3-venv"; exit 1; }

.venv/.runtime: requirements.txt | .venv/bin/python
	@echo "Installing what requirements.txt pins"
	@$(PIP) -r requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.runtime
	@echo "Installing what requirements-dev.txt pins"
	@$(PIP) -r requirements-dev.txt
	@touch $@

# A made-up production, for Django's own deployment check.
PRODUCTION = env -u GHCONNECT_SANDBOX_URL DEBUG=False SECRET_KEY=$$($(VENV) -c 'import secrets; print(secrets.token_urlsafe(50))') \
  GHCONNECT_VAR=$$scratch DATABASE_URL=sqlite:///$$scratch/check.sqlite3 ALLOWED_HOSTS=console.example \
  CSRF_TRUSTED_ORIGINS=https://console.example GHCONNECT_HTTPS_ONLY=True GHCONNECT_BEHIND_PROXY=True \
  GHCONNECT_SEALING_KEYS=$$($(VENV) -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')

check: .venv/.dev ## lint, format, types, arrows, templates, migrations, deployment
	$(VENV) -m ruff check --quiet .
	$(VENV) -m ruff format --check --quiet .
	$(VENV) -m mypy
	$(dir $(VENV))lint-imports
	$(VENV) -m djlint templates --lint --quiet
	scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	  $(PRODUCTION) $(VENV) manage.py makemigrations --check --dry-run && \
	  $(PRODUCTION) $(VENV) manage.py check --deploy --fail-level WARNING

test: sqlite $(if $(ONLY),,running postgresql) ## all tests, on both stacks (ONLY="tests/unit -k word": some, on SQLite alone)

# What starts processes waits more than it computes, so it is a run of its own, beside the rest where make has jobs.
RUNNING = tests/faults tests/browser tests/integration/run tests/integration/engine/test_worker.py

sqlite: .venv/.dev browser
	env -u DATABASE_URL $(VENV) -m pytest $(or $(ONLY),$(addprefix --ignore=,$(RUNNING)))

running: .venv/.dev browser ## tests of whole processes, the browser and faults among them, on SQLite
	env -u DATABASE_URL $(VENV) -m pytest $(RUNNING)

postgresql: .venv/.dev ## what touches rows again, on PostgreSQL and Redis (ONLY="tests/integration/engine")
	$(VENV) -m tests.support.second_stack $(ONLY)

faults: .venv/.dev ## break everything many times, on both stacks; writes docs/proof/faults.md (25 minutes)
	$(VENV) -m tests.faults

screenshots: .venv/.dev browser ## pictures of every page and theme under docs/screenshots (CONSOLE_URL, CONSOLE_PASSWORD: of that console)
	$(VENV) -m tools.shots

a11y: .venv/.dev browser ## axe on every page, theme and width; writes docs/proof/a11y.md (minutes)
	$(VENV) -m tools.a11y

bench: .venv/.dev ## speed against floors of the same run; writes docs/proof/bench.md (BENCH="--pages 1000000": that many people)
	$(VENV) -m bench --write docs/proof/bench.md $(BENCH)

journeys: .venv/.dev browser ## every kind of person, width, language, with and without scripts; writes docs/proof/journeys.md
	env -u DATABASE_URL JOURNEYS=all $(VENV) -m pytest tests/browser/test_journeys.py

speed: .venv/.dev browser ## server time, queries and layout shift of every page; writes docs/proof/pages.md
	$(VENV) -m tools.speed

uploads: .venv/.dev ## 10,000 malformed files at both doors; writes docs/proof/uploads.md (minutes; UPLOADS=2000: fewer)
	env -u DATABASE_URL GHCONNECT_UPLOADS=$(or $(UPLOADS),10000) $(VENV) -m pytest -q -o timeout=3000 \
	  tests/integration/licensing/test_malformed.py

worlds: .venv/.dev ## publish made-up enterprises and ask every door for the count; writes docs/proof/worlds.md (WORLDS=300: so many)
	env -u DATABASE_URL GHCONNECT_WORLDS=$(or $(WORLDS),300) $(VENV) -m pytest -q -o timeout=3000 \
	  tests/integration/licensing/test_every_total.py

saml: .venv/.dev ## installs the SAML extra into .venv and tries it
	$(PIP) -r requirements-saml.txt
	env -u DATABASE_URL $(VENV) -m tests.saml

api: .venv/.dev ## ask everything the API's document promises, at length; then its speed, to docs/proof/api.md (minutes)
	GHCONNECT_API_EXAMPLES=$(or $(EXAMPLES),30) $(VENV) -m pytest -q tests/integration/api/test_document.py -o timeout=1500
	$(VENV) -m bench.api --write docs/proof/api.md

messages: .venv/.dev ## bring locale/ja up to date with the sources and compile it
	$(VENV) tools/messages.py

# Debian's Chromium for the browser tests. Where it can't be had, the tests themselves say so.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing Chromium for the browser tests" \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; } \
	  || echo "Chromium could not be installed here."

COMPILE = UV_CUSTOM_COMPILE_COMMAND="make requirements" $(dir $(VENV))uv pip compile --quiet --universal \
  --python-version 3.11 --generate-hashes $(if $(UPGRADE),--upgrade)

requirements: .venv/.dev ## compile requirements*.txt after a change of requirements*.in (UPGRADE=1: newest)
	$(COMPILE) -o requirements.txt requirements.in
	$(COMPILE) -o requirements-dev.txt requirements-dev.in
	$(COMPILE) --no-deps -o requirements-postgres.txt requirements-postgres.in
	$(COMPILE) -o requirements-saml.txt requirements-saml.in
