# Everything a newcomer, a developer and the continuous integration type. `make help` lists it.

SHELL := /bin/bash
CARGO ?= cargo
STEP := scripts/step.sh
WITH_MONGODB := scripts/with-mongodb.sh
# The same packages and features for every target, so that nothing is compiled twice.
WORKSPACE := --release --workspace --locked
# Such as --work, the folder on the disk that is to be measured; see bench/README.md.
BENCH_ARGUMENTS ?=
BENCH := target/release/sandglass-bench $(BENCH_ARGUMENTS)
LISTEN ?= 127.0.0.1:8080
DATA ?= ./data

.DEFAULT_GOAL := help
.PHONY: help run build test bench lint format templates tools test-tools supply-chain unit-tests template-tests chaos fuzz clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'

run: build ## install what is missing, build, and serve on 127.0.0.1:8080 with demo data in ./data
	@echo '==> serving; stop with Ctrl-C'
	@exec target/release/sandglass serve --listen $(LISTEN) --data-dir $(DATA) --demo

build: tools templates ## build target/release/sandglass
	@$(STEP) 'building the service' $(CARGO) build $(WORKSPACE)

templates: tools ## build the built-in templates to target/templates
	@$(STEP) 'building the templates' scripts/build-templates.sh

test: test-tools lint unit-tests template-tests supply-chain ## run every suite
	@echo '<== every suite passed'

bench: test-tools build ## measure the service on this machine; about ten minutes, results in bench/results
	@$(STEP) 'a million jobs' $(BENCH) million
	@$(STEP) 'the top of the minute' $(BENCH) spike
	@$(STEP) 'one run at a time' $(BENCH) latency
	@$(STEP) 'runs from a backlog' $(BENCH) throughput --mode backlog
	@$(STEP) 'runs from requests' $(BENCH) throughput --mode rest --seconds 30
	@$(STEP) 'runs from schedules' $(BENCH) throughput --mode slots --seconds 30
	@$(STEP) 'the store by itself' $(BENCH) store
	@$(STEP) 'the end of a host' $(BENCH) failover
	@$(STEP) 'the API beside hostile guests' $(BENCH) guests
	@$(STEP) 'the cost of checks' $(CARGO) run $(WORKSPACE) --example call_cost

.PHONY: bench-versus
bench-versus: test-tools build ## measure against Agenda on one MongoDB server; MONGODB_URI names another server
	@scripts/ensure-tools.sh --for-versus
	@$(STEP) 'against Agenda' $(BENCH) versus

unit-tests: test-tools build
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-20} $(STEP) 'testing the service' $(WITH_MONGODB) \
		$(CARGO) nextest run $(WORKSPACE) --no-fail-fast

fuzz: test-tools build ## read by chance whatever comes from outside, a minute each; FUZZ_SECONDS= and SEED= change it
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-60} $(STEP) 'fuzzing' $(CARGO) nextest run $(WORKSPACE) --profile fuzz

template-tests: test-tools templates
	@$(STEP) 'testing the templates natively' $(CARGO) nextest run --locked --manifest-path templates-wasm/Cargo.toml

chaos: test-tools build ## break four hosts on one MongoDB for ten minutes; CHAOS_SECONDS= and SEED= change it
	@CHAOS_SECONDS=$${CHAOS_SECONDS:-600} $(STEP) 'breaking hosts and connections' $(WITH_MONGODB) \
		$(CARGO) nextest run $(WORKSPACE) --profile chaos --no-capture

lint: templates ## check format and lints
	@$(STEP) 'checking the format' $(CARGO) fmt --all --check
	@$(STEP) 'checking the format of the templates' $(CARGO) fmt --all --check --manifest-path templates-wasm/Cargo.toml
	@$(STEP) 'linting the service' $(CARGO) clippy $(WORKSPACE) --all-targets -- -D warnings
	@$(STEP) 'linting the templates' $(CARGO) clippy --locked --workspace --all-targets --manifest-path templates-wasm/Cargo.toml -- -D warnings

format: ## format every crate
	@$(STEP) 'formatting' $(CARGO) fmt --all
	@$(STEP) 'formatting the templates' $(CARGO) fmt --all --manifest-path templates-wasm/Cargo.toml

supply-chain: ## check licences, sources and known vulnerabilities of the dependencies
	@$(STEP) 'checking the dependencies' scripts/check-supply-chain.sh

tools:
	@scripts/ensure-tools.sh

test-tools:
	@scripts/ensure-tools.sh --for-tests
	@# What is judged by name and licence includes what other systems build with.
	@$(CARGO) fetch --quiet --locked

clean: ## remove what was built; ./data stays
	@$(STEP) 'cleaning' rm -rf target templates-wasm/target
