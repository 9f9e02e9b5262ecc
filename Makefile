# Everything a person does with a clone. `make` alone lists it.
PYTHON ?= python3
BIN := .venv/bin
# Test processes: as many as the smallest machine has cores; a third made the whole no shorter there.
WORKERS ?= 2
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help env demo test verify check format bench chaos sim fuzz hil screenshots mutation lock sbom deb clean

help:  ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 20

env:  ## the whole environment in .venv, and Debian's packages where it may
	@.ci/make-env

demo: env  ## a whole centre with simulated devices; ARGS="--port 8080 --seed 7"
	@exec $(BIN)/toiluot demo $(ARGS)

test: env  ## every promise, sampled; ARGS="tests/domain -k undo"
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not full" $(ARGS)

verify: env  ## everything that needs no special hardware, in full
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: env  ## lint, format, types, imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted (make format):"; $(BIN)/ruff format --check . ; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: env  ## put the code into the house form
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench: env  ## figures into docs/benchmarks.md, about a quiet half hour (ARGS=--quick to see that it works)
	@$(BIN)/python -m tests.bench.run $(ARGS)

chaos: env  ## every fault of real processes at every step, recovery times into docs/chaos.md, ten minutes (ARGS=--soak: twelve hours in six)
	@$(BIN)/python -m tests.chaos.run $(ARGS)

sim: env  ## a thousand simulated centre-days with everything going wrong; ARGS="--days N --seed S"
	@$(BIN)/python -m tests.sim.run $(ARGS)

fuzz: env  ## a million inputs for every codec, an hour or two; FUZZ_SEED=N for others
	@FUZZ_INPUTS=1000000 $(BIN)/pytest -n $(WORKERS) -m full tests/drivers -k many_inputs $(ARGS)

hil: env  ## the drivers' service on true kernel devices in a virtual machine; root, QEMU, three minutes the first time
	@$(BIN)/python -m tests.hil.run $(ARGS)

screenshots: env  ## photograph every screen of the demonstration into docs/screenshots
	@$(BIN)/python tests/screenshots.py

mutation: env  ## which small mistakes in the rules the tests would not see (some minutes); ARGS="ticket.py"
	@$(BIN)/python tests/mutation/run.py $(ARGS)

lock: env  ## requirements.lock anew from pyproject.toml (UPGRADE=1 for the newest versions)
	@.ci/lock

deb: env  ## Debian packages for Debian 13 and Raspberry Pi OS trixie into build/deb
	@$(BIN)/python systemd/debian/build.py $(ARGS)

sbom: env  ## bill of materials of what requirements.lock holds, CycloneDX, into build/toiluot.cdx.json
	@mkdir -p build
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --of JSON -o build/toiluot.cdx.json
	@echo "build/toiluot.cdx.json is written."

clean:  ## remove what the other targets made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
