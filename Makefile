# Two commands for a newcomer: `make demo` and `make test`. Everything else is a part of them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LOCK   := deploy/requirements.lock

.PHONY: setup demo test check bench faults faults-planted faults-long lock sbom fuzz clean

# `make faults`: how many runs, the first one's seed, the faults of each; or steps of the simulated core
STEPS ?= 0
BROKERS ?= 1
RUNS ?= 3
SEED ?= 1
FAULTS ?= 20
# `make fuzz`: how many cases
CASES ?= 100000

setup: $(VENV)/.ready

$(VENV)/.ready: $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Ebbtide needs Python 3.11 or newer; name one with make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q api deploy ingest schemas streams
	$(BIN)/ebbtide setup
	@touch $@

demo: setup
	@$(BIN)/ebbtide demo

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: setup
	$(BIN)/ruff check .
	$(BIN)/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml api deploy ingest schemas streams
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

bench: setup
	$(BIN)/python -m benchmarks

faults: setup ## kills, freezes and poisons a running product, and settles the account
	$(BIN)/python -m tests.faults --runs $(RUNS) --seed $(SEED) --faults $(FAULTS) --steps $(STEPS) --brokers $(BROKERS)

faults-planted: setup ## plants bugs one after the other: each has to be caught
	$(BIN)/python -m tests.faults --planted

faults-long: setup ## full disks, and whatever else takes minutes
	$(BIN)/python -m pytest -m long tests/faults

fuzz: setup ## sends 100,000 cases made from the OpenAPI of collector and API: none may make them fail
	$(BIN)/python -m tests.fuzz --cases $(CASES) --seed $(SEED)

sbom: setup ## what is shipped, as CycloneDX: every package of the lock file, with its version and hashes
	@mkdir -p dist
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible \
		--output-format JSON --output-file dist/sbom.cdx.json $(LOCK)
	@echo "dist/sbom.cdx.json"

lock: ## resolve the dependencies anew (no addresses are written: hashes say what is meant)
	uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-header -o $(LOCK)

clean:
	rm -rf $(VENV) .cache .ebbtide
