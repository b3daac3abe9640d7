# The front door. `make run` shows the dialer at work; `make test` proves it.
.DELETE_ON_ERROR:
.PHONY: run test lint bench soak clean lock

PYTHON ?= python3
BIN := .venv/bin
FOR ?=

run: .venv/ready           ## the whole floor on this machine; FOR=60 ends after 60 seconds
	@$(BIN)/python asterisk/testbed/sample_floor.py $(if $(FOR),--for $(FOR))

test: lint                 ## every test, the real-Asterisk ones included
	$(BIN)/pytest -m "not soak" $(ARGS)

lint: .venv/ready          ## style, types, walls
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready         ## the figures of docs/explanation/performance.md and pacing.md
	$(BIN)/python -m benchmarks

soak: .venv/ready          ## long campaigns: hundreds of crashes, new random examples
	DIALER_HYPOTHESIS=explore $(BIN)/pytest -m soak $(ARGS)

clean:                     ## all that was made here (not the Asterisk in the cache folder)
	@[ ! -e run/testbed ] || [ ! -x $(BIN)/python ] || $(BIN)/python asterisk/testbed/testbed.py down --dir run/testbed
	rm -rf .venv run build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: .venv/ready          ## pin the dependencies of pyproject.toml again
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

.venv/ready: requirements.lock requirements-dev.lock pyproject.toml
	@asterisk/testbed/prepare_machine.sh $(PYTHON)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
