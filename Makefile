# Everything a person needs: `make demo`, `make test`, `make chat`, `make check`, `make run`, `make lint`. Each sets itself up first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
BYTECODE := $(VENV)/.compiled

.DEFAULT_GOAL := help
.PHONY: help install demo chat pictures test coverage lint chaos format run check lock docs clean

help: ## List the commands.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Whoever wants no bytecode among their own files gets it here: a process that starts without takes three times as long,
# and a run of the tests starts two hundred.
unexport PYTHONDONTWRITEBYTECODE

install: $(STAMP) ## Make the virtual environment, once; every package is pinned by hash.

$(STAMP): requirements/dev.txt requirements/uv.txt requirements/install.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed; install it, or say PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) requirements/install.py

demo: $(STAMP) ## Show the whole bot at work: no token, no key, no network. ARGS=--pay shows payments in Stars.
	$(BIN)/python -m bot demo $(ARGS)

chat: $(STAMP) ## Talk to the bot in a browser, with your own photos: no token, no key.
	$(BIN)/python -m bot chat

# Collecting the tests once compiles all that they import; or else each of the processes below would do it, at the same time.
$(BYTECODE): $(STAMP)
	@$(BIN)/python -m pytest --collect-only >/dev/null 2>&1 || true
	@touch $@

# Most tests wait for a bot that waits for its turn, so that a core can look after four of them.
TEST_PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(4 * (os.cpu_count() or 1))')
PYTEST = $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

test: $(BYTECODE) ## Run every test.
	$(PYTEST)

coverage: $(BYTECODE) ## Run every test, and say which lines none of them reaches.
	$(PYTEST) --cov --cov-report=term:skip-covered

lint: $(STAMP) ## Formatting, rules, types and the direction of imports.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

chaos: $(STAMP) ## Kill one bot hundreds of times under random faults, then several at once; look at every promise: a quarter of an hour.
	$(BIN)/python -m tests.chaos.run

format: $(STAMP) ## Format the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

run: $(STAMP) ## Run the bot with the settings of .env.
	MALLOC_ARENA_MAX=1 $(BIN)/python -m bot run

check: $(STAMP) ## Check settings, token, key, database and disk, a line each.
	@$(BIN)/python -m bot check

pictures: $(STAMP) ## Make the pictures of the README anew, with Chromium.
	$(BIN)/python docs/images/make.py

docs: $(STAMP) ## Write .env.example and the README's table anew from the settings.
	$(BIN)/python -m bot settings --write

lock: $(STAMP) ## Pin all packages anew, by hash; LOCK_OPTIONS=--upgrade takes the newest of each.
	@$(BIN)/python requirements/lock.py $(LOCK_OPTIONS)

clean: ## Remove what the commands above have made, save data.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage demo-output
