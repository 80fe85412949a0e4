# `make up` and `make test` are all that a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
UV := uv==0.9.30
WEB := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/test-results/*' 2>/dev/null)
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help env up test e2e screenshots check bench faults schema openapi map lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

env: .venv/ready pantheon/static/index.html ## the environment: .venv from the lock file, and the page

up: env ## start everything in one process (ARGS="--port 9000" for options)
	$(BIN)/pantheon up $(ARGS)

test: env check ## all tests (ARGS="-k leases" for some)
	$(BIN)/npm --prefix web run --silent test
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)
	$(if $(ARGS),,$(BIN)/pytest web/e2e -n 2 --dist loadfile -m "not long")

e2e: env ## the page in a real browser, every flow on every screen
	$(BIN)/pytest web/e2e -n 2 --dist loadfile $(ARGS)

screenshots: env ## every screen in both themes and two widths, into docs/screenshots
	$(BIN)/python -m web.e2e.screenshots $(ARGS)

check: env ## format, lint, types, layers, for package and page
	$(BIN)/ruff format --check pantheon tests benchmarks web/e2e hatch_build.py
	$(BIN)/ruff check pantheon tests benchmarks web/e2e hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/npm --prefix web run --silent check

bench: env ## speed beside a bare proxy and plain LangGraph, as ratios of one run
	$(BIN)/python -m benchmarks $(ARGS)

faults: env ## the long fault runs: processes killed, connections cut
	$(BIN)/python -m tests.faults $(ARGS)

schema: env ## write docs/schema.sql from the revisions
	$(BIN)/python -m tests.schema_dump

openapi: env ## write openapi.json from the routes, and the page's types from it
	$(BIN)/python -m pantheon.api.openapi > openapi.json
	$(BIN)/npm --prefix web run --silent types

map: env ## the first line of every module: what lives where
	@for f in $$(git ls-files 'pantheon/*.py'); do printf '%-40s %s\n' "$$f" "$$(sed -n '1s/^"""//; 1s/"""$$//; 1p' $$f)"; done

lock: .venv/ready ## resolve the dependencies anew into requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --quiet --override overrides.txt pyproject.toml --group dev --extra local \
	  -o requirements.lock

clean: ## remove the environment and the built page
	rm -rf .venv pantheon/static web/node_modules

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Pantheon needs Python 3.11 or newer; name one with PYTHON=python3.12."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "This Python cannot make environments; on Debian: apt install python3-venv."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

pantheon/static/index.html: .venv/ready $(WEB)
	$(BIN)/npm --prefix web ci --no-audit --no-fund --loglevel error
	$(BIN)/npm --prefix web run --silent build
	@touch $@
