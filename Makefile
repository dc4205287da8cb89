# LeadFlow's commands; `make` alone lists them. Each sets up first whatever is missing.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON := .venv/bin/python
LOCK := .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --quiet $(LOCK_OPTIONS)

.PHONY: help setup run test check static-checks faults bench lock format clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## make .venv and install what the lock file names
	@bin/setup

run: setup ## start everything at http://localhost:8000 (PORT=8001 make run for another port)
	@exec $(PYTHON) -u manage.py run

test: setup ## run the whole suite, in a real browser too (ARGS="-k name" for a part)
	@bin/browser
	@$(PYTHON) -m pytest $(ARGS)

check: setup static-checks test ## everything that must hold: format, lint, types, architecture, tests

static-checks: setup
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m djlint --quiet --lint --check templates
	.venv/bin/lint-imports --no-cache
	$(PYTHON) -m mypy
	$(PYTHON) manage.py check --fail-level WARNING
	$(PYTHON) manage.py makemigrations --check --dry-run
	LOG_LEVEL=WARNING DJANGO_SETTINGS_MODULE=tests.settings $(PYTHON) manage.py lintmigrations

faults: setup ## kill everything at random while the engine works (ARGS="--kills 10000 --minutes 480" for a night)
	@$(PYTHON) -m tests.faults.injector $(ARGS)

bench: setup ## measure against the floor of the same run
	@$(PYTHON) -m tests.bench $(ARGS)

lock: setup ## write the lock files anew (LOCK_OPTIONS="--upgrade" for newer versions)
	$(LOCK) --output-file requirements.lock
	$(LOCK) --all-extras --output-file requirements-dev.lock

format: setup ## put code and templates in shape
	$(PYTHON) -m ruff check --fix-only --exit-zero .
	$(PYTHON) -m ruff format .
	-$(PYTHON) -m djlint --quiet --reformat templates

clean: ## delete .venv and var/, the demo's data with it
	rm -rf .venv var .mypy_cache .pytest_cache .ruff_cache .hypothesis
