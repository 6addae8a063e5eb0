# Everything a developer types. `make check` is what CI runs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup wheel run test services screenshots test-slow unit check lint format types arch docs bench bench-full bench-gate bench-gate-update chaos lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' Makefile

setup: $(READY)  ## make .venv with what the lock names, bytecode compiled

# uv installs in a third of pip's time; without bytecode every Ray process compiles its own (35
# against 13 CPU-seconds for a small job)
$(READY): pyproject.toml constraints.txt $(wildcard ingest/compiled/*.[ch])
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -c constraints.txt -e '.[dev,demo]'
	@touch $(READY)

wheel: $(READY)  ## build the package into dist/, to be installed elsewhere
	$(BIN)/python -m hatchling build -t wheel

run: $(READY)  ## unpack the flight records of 2013 and run the main job
	$(BIN)/python -m jobs.flights.unpack
	$(BIN)/python -m ingest.run +job=flights

# Ceph's gateway is a real S3 server; tests/services/ceph.py starts it
# and a browser, which looks at the page of `ingest ui`
SERVERS := radosgw ceph-mon ceph-osd ceph promtool amtool chromium-headless-shell
SERVER_PACKAGES := radosgw ceph-mon ceph-osd ceph-mgr ceph-common postgresql prometheus prometheus-alertmanager chromium-headless-shell fonts-dejavu-core

# A quarter of what tests took was waiting for disks: their folders are in memory, where there are
# 4 GB of it to be had (a container has 64 MB of /dev/shm), and go with the command
MEMORY := /dev/shm
IN_MEMORY = @memory=; free=$$(df --output=avail -k $(MEMORY) 2>/dev/null | tail -1); \
	if [ "$${free:-0}" -gt 4000000 ]; then \
		memory=$$(mktemp -d $(MEMORY)/XXXXXX) && chmod 755 $$memory && export TMPDIR=$$memory; \
	fi; \
	trap 'rm -rf $$memory' EXIT;

# Tests with servers wait for them much of the time, so they run beside those without. What they say
# is shown when both have ended; each is let come to its end, and either makes the target fail
BESIDE = said=$$(mktemp); \
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow" tests/services >$$said 2>&1 & \
	servers=$$!; \
	trap 'kill $$servers 2>/dev/null; rm -rf $$said $$memory' EXIT; \
	trap 'exit 130' INT TERM;

test: $(READY)  ## all tests but the slow ones; those on Ray come last, alone
	$(IN_MEMORY) $(BESIDE) \
	$(BIN)/python -m pytest -q -n 3 --dist worksteal -m "not slow" tests --ignore=tests/ray --ignore=tests/services; \
	here=$$?; wait $$servers; there=$$?; \
	echo "tests/services:"; cat $$said; \
	exit $$((here > there ? here : there))
	$(BIN)/python -m pytest -q -p no:randomly -m "not slow" tests/ray

services:  ## install the servers and the browser that tests/services starts, on Debian, as root
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing=yes; \
	for program in $(SERVERS); do command -v $$program >/dev/null || missing=yes; done; \
	if [ -n "$$missing" ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq -y --no-install-recommends $(SERVER_PACKAGES); \
	fi

screenshots: $(READY)  ## pictures of the live page, in dist/screenshots
	$(BIN)/python -m tests.services.screenshots

test-slow: $(READY)  ## long searches for faults: ten times as many examples, kills, power cuts
	$(IN_MEMORY) INGEST_EXAMPLES=10 $(BIN)/python -m pytest -q -n 2 --dist worksteal -m "slow or hypothesis" tests --ignore=tests/ray --ignore=tests/services
	$(BIN)/python -m pytest -q -m slow tests/services
	$(BIN)/python -m pytest -q -p no:randomly -m slow tests/ray

unit: $(READY)  ## the fast tests
	$(BIN)/python -m pytest -q tests/unit tests/conf

check: lint types arch test docs  ## what CI runs

lint: $(READY)  ## format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/yamllint --strict conf jobs k8s benchmarks/conf

format: $(READY)  ## put everything into the house's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(READY)  ## mypy --strict
	$(BIN)/mypy

arch: $(READY)  ## imports point down
	$(BIN)/lint-imports

docs: $(READY)  ## generated pages are up to date, README commands run
	$(BIN)/python -m pytest -q tests/docs

# what the targets need: the best engine and plain Ray Data; others are shown with their date
QUICK := taxi,csv,jsonl,small_files,checks,dirty,workers,memory,startup,flights,resume,many_partitions
PEERS := polars duckdb ray_data_tasks ray_data_actors fused_actors

$(READY)-bench: $(READY)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -c constraints.txt -e '.[dev,demo,bench]'
	@touch $@

bench: $(READY)-bench  ## ourselves beside the best engine and plain Ray Data, and the targets
	$(BIN)/python -m benchmarks.peers.setup $(PEERS)
	$(BIN)/python -m benchmarks.run +scenario=$(QUICK) peers=best budget_s=45

bench-full: $(READY)-bench  ## all scenarios and peers, three rounds
	$(BIN)/python -m benchmarks.peers.setup all
	$(BIN)/python -m benchmarks.run +scenario=all peers=all

bench-gate: $(READY)  ## our path of a partition beside bare Polars must not cost more than it did
	$(BIN)/python -m benchmarks.gate

bench-gate-update: $(READY)  ## put on record what it costs now
	$(BIN)/python -m benchmarks.gate --update

KILLS ?= 200
SINKS ?= disk

chaos: $(READY)  ## kill runs until KILLS=200 are reached, a tenth of them on Ray, and compare; SINKS=s3, delta, postgres
	$(BIN)/python -m tests.chaos --kills $(KILLS) --sinks $(SINKS)

lock: $(READY)  ## write constraints.txt anew: names and versions only
	$(BIN)/uv pip compile --quiet --universal --no-header --no-annotate --all-extras --python-version 3.11 -o constraints.txt pyproject.toml

clean:  ## remove what runs and tools have left here
	rm -rf .ingest .benchmarks data .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
