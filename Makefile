# One way to do each thing. `make run` and `make test` are promises to people outside (README.md).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
PYTEST := $(BIN)/python -m pytest
COMPILE := build/lock/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --no-annotate --universal --python-version 3.11

# The stamp holds the folder it was made for: an environment does not survive a move of the clone.
ifneq ($(shell test -x $(BIN)/python && cat $(VENV)/.made 2>/dev/null),$(CURDIR))
.PHONY: $(VENV)/.made
endif

.PHONY: help build run test check crash bench budgets growth queue talk coverage lock docs news clean

help: ## what can be made
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

build: $(VENV)/.installed ## the environment .venv with the command .venv/bin/posthouse
	@:

$(VENV)/.made:
	@scripts/make-environment $(VENV)
	@printf '%s\n' "$(CURDIR)" > $@

$(VENV)/.locked: requirements/run.lock $(VENV)/.made
	@echo "posthouse: installing the locked dependencies"
	@$(PIP) install --require-hashes -r requirements/run.lock
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.locked
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.installed
	@echo "posthouse: installing what tests need"
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@

run: build ## a mail server for example.org with two accounts, until Ctrl-C
	@exec $(BIN)/python -m posthouse.app.demo

check: $(VENV)/.dev ## the fast look: format, lint, types, imports, house rules
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/quietly $(BIN)/lint-imports
	@$(BIN)/codespell
	@scripts/quietly $(PYTEST) -q -p no:randomly tests/test_house.py tests/test_rfc.py

test: $(VENV)/.dev ## everything that must be true before a change is kept
	@scripts/system-packages
	@$(MAKE) check
	@$(PYTEST) -n 2 --dist worksteal

crash: $(VENV)/.dev ## 100 kills of every kind of process, the table printed
	@$(BIN)/python -m tests.crash.kills --kills 100

bench: $(VENV)/.dev ## the same work beside Postfix and Dovecot; writes docs/performance.md
	@flock /tmp/posthouse-bench.lock $(BIN)/python bench/run.py $(ARGS)

budgets: $(VENV)/.dev ## what each hot path costs beside its budget, in microseconds
	@$(BIN)/python bench/budgets.py $(ARGS)

growth: $(VENV)/.dev ## what a store of 1,000,000 letters costs beside one of 10,000
	@flock /tmp/posthouse-bench.lock $(BIN)/python bench/growth.py $(ARGS)

queue: $(VENV)/.dev ## 100,000 letters queued, a fifth of the destinations dead or slow
	@flock /tmp/posthouse-bench.lock $(BIN)/python bench/queueing.py $(ARGS)

talk: $(VENV)/.dev ## one conversation file against the core: make talk FILE=tests/transcripts/smtp/x.talk
	@test -n "$(FILE)" || { echo "make talk FILE=tests/transcripts/smtp/NAME.talk" >&2; exit 64; }
	@$(PYTEST) -q tests/wire tests/accept tests/read -k "$(basename $(notdir $(FILE)))"

coverage: $(VENV)/.dev ## which lines and branches no test reaches
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n 2
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

lock: ## makes requirements/*.lock anew; make lock UPGRADE=--upgrade takes newer releases
	@test -x build/lock/bin/uv || { scripts/make-environment build/lock \
		&& build/lock/bin/python -m pip --quiet --disable-pip-version-check install 'uv==0.13.*'; }
	@$(COMPILE) $(UPGRADE) pyproject.toml requirements/build.in -o requirements/run.lock
	@$(COMPILE) $(UPGRADE) requirements/dev.in -c requirements/run.lock -o requirements/dev.lock

docs: $(VENV)/.dev ## writes docs/reference from the code
	@$(BIN)/python scripts/reference.py

news: $(VENV)/.dev ## how the next release's news reads
	@$(BIN)/towncrier build --draft --version next

clean: ## removes what make made; keeps ./var, where the mail is
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage*
