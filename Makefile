# `make help` lists the targets. All need Python 3.11 to 3.13 and nothing else (3.10 will do for TensorFlow); PYTHON names
# another than python3.
PYTHON ?= python3
# Whose notebook and cases: tf (TensorFlow and Keras 2), keras (Keras 3 and KerasHub), torch. The stacks do not fit in one
# environment, and each has its own: make lab STACK=keras.
STACK ?= tf
# More words for a command: make lab LAB=--no-browser, make score STACK=torch SCORE='--only pt-numpy-batch'.
LAB ?=
SCORE ?=
PYTEST ?=
VENV ?= .venv
FOLDER = $(CURDIR)/$(VENV)$(filter-out -tf,-$(1))
BIN := $(call FOLDER,tf)/bin
# `make score` takes all stacks where none is named.
SCORED := $(if $(filter file,$(origin STACK)),tf keras torch,$(STACK))
NOTEBOOK := notebooks/$(or $(if $(filter keras,$(STACK)),kerashub),$(if $(filter torch,$(STACK)),pytorch),quickstart).ipynb
# The environment's own node, npm and jupyter come first, so that none needs to be on the machine.
export PATH := $(BIN):$(PATH)
# What an environment is made from: when one of these is newer than the stamp, it is brought up to date.
SOURCES := pyproject.toml $(wildcard constraints/*.txt) hatch_build.py $(shell find js -path js/node_modules -prune -o -type f -print)
NODE_MODULES := js/node_modules/.ready

.DEFAULT_GOAL := help
.PHONY: help demo lab test lint js test-tf test-keras test-torch docs score clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(call FOLDER,$(STACK))/.ready-demo ## run the stack's notebook on a real BERT; results in build/
	@$(call FOLDER,$(STACK))/bin/python tools/demo.py $(NOTEBOOK) build

lab: $(call FOLDER,$(STACK))/.ready-lab ## open the stack's notebook in JupyterLab
	$(call FOLDER,$(STACK))/bin/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) --LabApp.default_url=/lab/tree/$(NOTEBOOK) $(LAB)

# Each stack's tests end with pytest's summary; the last one is what the run ends with.
test: lint js test-torch test-keras test-tf ## everything: lint, types, JavaScript, the three stacks, the browser

lint: $(call FOLDER,tf)/.ready-dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

js: $(NODE_MODULES) ## the panel's type check and tests
	npm --prefix js run check
	npm --prefix js test

test-tf: $(call FOLDER,tf)/.ready-dev ## the tests that need no framework, those of TensorFlow, kernel and browser
	@$(BIN)/python tools/chromium.py
	$(BIN)/python -m pytest --ignore=tests/keras --ignore=tests/torch $(PYTEST)

test-keras: $(call FOLDER,keras)/.ready-unit ## the tests of Keras 3 and KerasHub, on each of the three backends
	for backend in tensorflow jax torch; do \
	  KERAS_BACKEND=$$backend $(call FOLDER,keras)/bin/python -m pytest tests/keras $(PYTEST) || exit; \
	done

test-torch: $(call FOLDER,torch)/.ready-unit ## the tests of PyTorch
	$(call FOLDER,torch)/bin/python -m pytest tests/torch $(PYTEST)

docs: $(call FOLDER,tf)/.ready-dev ## docs/rules and the README's table of rules, from the rules' docstrings
	$(BIN)/python tools/rule_pages.py

score: $(foreach stack,$(SCORED),$(call FOLDER,$(stack))/.ready-$(if $(filter tf,$(stack)),demo,unit)) ## what is said on each case; writes docs/score*.md
	$(foreach stack,$(SCORED),$(call FOLDER,$(stack))/bin/python tools/score_table.py $(SCORE) &&) true

clean: ## remove the environments and all that was built
	rm -rf $(foreach stack,tf keras torch,$(call FOLDER,$(stack))) build dist bertmagic/static js/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(call FOLDER,tf)/.ready-%: $(SOURCES)
	@$(PYTHON) tools/environment.py $(@D) tf $*

$(call FOLDER,keras)/.ready-%: $(SOURCES)
	@$(PYTHON) tools/environment.py $(@D) keras $*

$(call FOLDER,torch)/.ready-%: $(SOURCES)
	@$(PYTHON) tools/environment.py $(@D) torch $*

$(NODE_MODULES): js/package.json js/package-lock.json $(call FOLDER,tf)/.ready-dev
	npm --prefix js ci --ignore-scripts --no-audit --no-fund
	@touch $@
