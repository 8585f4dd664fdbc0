# Thin on purpose: what a target does is in dev/. Every target installs what it needs, silently when it is there.
.DEFAULT_GOAL := help
.PHONY: help demo up down test contract check fix synth deploy bench faults lock clean
.NOTPARALLEL:

PYTHON ?= python3
# Given on the command line, a variable reaches the recipe through the environment, where no quote can end it.
PROMPT ?=
BIN := .venv/dev/bin

environments = @$(PYTHON) -m dev.environments tools

help: ## this list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /|/' | while IFS='|' read -r target text; do printf '  make %-8s %s\n' "$$target" "$$text"; done

demo: ## one picture through the official OpenAI client, without any provider's key: PROMPT="…"
	$(environments) emulator infra dev node
	@$(BIN)/python -m dev.demo "$$PROMPT"

up: ## the whole gateway on this machine, on an AWS emulator; run again, it deploys what has changed
	$(environments) emulator infra dev node
	@$(BIN)/python -m dev.up

down: ## stop what `make up` started
	@$(PYTHON) -m dev.down

test: ## all tests: units, infra, and end to end on an emulator of their own; with the coverage gate; or ARGS="…" for pytest
	$(environments) emulator infra dev node mocks
	@$(BIN)/python -m dev.test $(ARGS)

contract: ## only the contract tests: each adapter against a mock of its vendor made from the specification
	$(environments) dev mocks
	@$(BIN)/python -m dev.test tests/contract

check: ## everything static: format, lint, types, import contracts, synth; CI runs this and `make test`
	$(environments) infra dev node
	@$(BIN)/python -m dev.check

fix: ## format, and repair what the linter can repair
	$(environments) dev
	@$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format --quiet .

synth: ## what `make deploy` would deploy, into cdk.out
	$(environments) infra node
	@$(PYTHON) -m dev.deploy

deploy: ## into your AWS account, with your own credentials: ARGS="-c name=staging"
	$(environments) infra node
	@$(PYTHON) -m dev.account $(ARGS)

bench: ## the benchmarks
	$(environments) emulator infra dev node
	@$(BIN)/python -m benchmarks

faults: ## hundreds of generations while vendors, receivers and functions fail: ARGS="--jobs 500 --seed 1"
	$(environments) emulator infra dev node
	@$(BIN)/python -m benchmarks.faults $(ARGS)

lock: ## compile the requirement locks again; UPGRADE=--upgrade takes newer versions
	$(environments)
	@$(PYTHON) -m dev.lock $(UPGRADE)

clean: down ## remove everything that was made here, environments included
	@rm -rf .venv .cache .local cdk.out node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage *.egg-info
