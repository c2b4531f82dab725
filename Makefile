# `make help` lists the targets. All need Python 3.10 to 3.13 and nothing else; PYTHON names another than python3.
PYTHON ?= python3
# More words for a command: make lab LAB=--no-browser, make score SCORE='--only seed-example-1-correct'.
LAB ?=
SCORE ?=
# One stack's tests alone: make test-torch PYTEST='-k trainer'. One stack's cases: make score STACK=-torch.
PYTEST ?=
VENV ?= .venv
BIN := $(CURDIR)/$(VENV)/bin
NOTEBOOK := notebooks/quickstart.ipynb
# The environment's own node, npm and jupyter come first, so that none needs to be on the machine.
export PATH := $(BIN):$(PATH)
# What an environment is made from: when one of these is newer than the stamp, it is brought up to date.
SOURCES := pyproject.toml $(wildcard constraints/*.txt) hatch_build.py $(shell find js -path js/node_modules -prune -o -type f -print)
NODE_MODULES := js/node_modules/.ready

.DEFAULT_GOAL := help
.PHONY: help demo lab test lint js test-tf test-keras test-torch docs score clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.ready-demo ## run the quickstart notebook on a real BERT; results in build/
	@$(BIN)/python tools/demo.py $(NOTEBOOK) build

lab: $(VENV)/.ready-lab ## open the quickstart notebook in JupyterLab
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) --LabApp.default_url=/lab/tree/$(NOTEBOOK) $(LAB)

# Each stack's tests end with pytest's summary; the last one is what the run ends with.
test: lint js test-torch test-keras test-tf ## everything that is checked: lint, types, JavaScript, the three stacks, the browser

lint: $(VENV)/.ready-dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

js: $(NODE_MODULES) ## the panel's type check and tests
	npm --prefix js run check
	npm --prefix js test

test-tf: $(VENV)/.ready-dev ## the tests that need no framework, and those of TensorFlow, kernel and browser
	@$(BIN)/python tools/chromium.py
	$(BIN)/python -m pytest --ignore=tests/keras --ignore=tests/torch $(PYTEST)

test-keras: $(VENV)-keras/.ready-unit-keras ## the tests of Keras 3 and KerasHub, on each of the three backends
	for backend in tensorflow jax torch; do \
	  KERAS_BACKEND=$$backend $(CURDIR)/$(VENV)-keras/bin/python -m pytest tests/keras $(PYTEST) || exit; \
	done

test-torch: $(VENV)-torch/.ready-unit-torch ## the tests of PyTorch
	$(CURDIR)/$(VENV)-torch/bin/python -m pytest tests/torch $(PYTEST)

docs: $(VENV)/.ready-dev ## docs/rules and the README's table of rules, from the rules' docstrings
	$(BIN)/python tools/rule_pages.py

score: $(VENV)/.ready-demo $(VENV)-keras/.ready-unit-keras $(VENV)-torch/.ready-unit-torch ## what bertmagic says on each case of tests/cases; writes docs/score*.md
	for stack in $(or $(STACK),"" -keras -torch); do $(CURDIR)/$(VENV)$$stack/bin/python tools/score_table.py $(SCORE) || exit; done

clean: ## remove the environment and all that was built
	rm -rf $(VENV) $(VENV)-keras $(VENV)-torch build dist bertmagic/static js/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.ready-%: $(SOURCES)
	@$(PYTHON) tools/environment.py $(@D) $*

$(VENV)-keras/.ready-unit-keras $(VENV)-torch/.ready-unit-torch: $(SOURCES)
	@$(PYTHON) tools/environment.py $(@D) $(patsubst .ready-%,%,$(@F))

$(NODE_MODULES): js/package.json js/package-lock.json $(VENV)/.ready-dev
	npm --prefix js ci --ignore-scripts --no-audit --no-fund
	@touch $@
