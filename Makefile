# `make help` lists the targets. All need Python 3.10 to 3.13 and nothing else; PYTHON names another than python3.
PYTHON ?= python3
# More words for a command: make lab LAB=--no-browser, make score SCORE='--only seed-example-1-correct'.
LAB ?=
SCORE ?=
VENV ?= .venv
BIN := $(CURDIR)/$(VENV)/bin
NOTEBOOK := notebooks/quickstart.ipynb
# The environment's own node, npm and jupyter come first, so that none needs to be on the machine.
export PATH := $(BIN):$(PATH)
# What an environment is made from: when one of these is newer than the stamp, it is brought up to date.
SOURCES := pyproject.toml constraints/tf.txt hatch_build.py $(shell find js -path js/node_modules -prune -o -type f -print)
NODE_MODULES := js/node_modules/.ready

.DEFAULT_GOAL := help
.PHONY: help demo lab test lint js pytest docs score clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.ready-demo ## run the quickstart notebook on a real BERT; results in build/
	@$(BIN)/python tools/demo.py $(NOTEBOOK) build

lab: $(VENV)/.ready-lab ## open the quickstart notebook in JupyterLab
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) --LabApp.default_url=/lab/tree/$(NOTEBOOK) $(LAB)

# pytest comes last, so that its summary is what the run ends with.
test: lint js pytest ## everything that is checked: lint, types, JavaScript, Python, the browser

lint: $(VENV)/.ready-dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

js: $(NODE_MODULES) ## the panel's type check and tests
	npm --prefix js run check
	npm --prefix js test

pytest: $(VENV)/.ready-dev lint js ## the Python tests, the browser tests among them
	@$(BIN)/python tools/chromium.py
	$(BIN)/python -m pytest

docs: $(VENV)/.ready-dev ## docs/rules and the README's table of rules, from the rules' docstrings
	$(BIN)/python tools/rule_pages.py

score: $(VENV)/.ready-demo ## what bertmagic says on each case of tests/cases (TensorFlow stack); writes docs/score.md
	$(BIN)/python tools/score_table.py $(SCORE)

clean: ## remove the environment and all that was built
	rm -rf $(VENV) build dist bertmagic/static js/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.ready-%: $(SOURCES)
	@$(PYTHON) tools/environment.py $(VENV) $*

$(NODE_MODULES): js/package.json js/package-lock.json $(VENV)/.ready-dev
	npm --prefix js ci --ignore-scripts --no-audit --no-fund
	@touch $@
