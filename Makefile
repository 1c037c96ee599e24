# The index of habits. `make demo` and `make test` set everything up by themselves; `make` alone does
# what CI does, but for its ten minutes of `make soak`. Every path is relative, so that the clone may
# lie anywhere, also under "My Documents".

export OMP_WAIT_POLICY := PASSIVE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PYTHON ?=
WORKERS ?= 2
# The demo ends by serving its profiles until Ctrl-C; SERVE=0 says not to.
SERVE ?= 1
# How long the soak measures, and by how many per cent an hour memory may grow.
MINUTES ?= 60
MOST ?= 1
RUN := .venv/bin/python -m

.DEFAULT_GOAL := all
.PHONY: all check format lint types house test slow fuzz soak docs demo clean help

all: check test          ## what CI does, but for the soak

demo: .venv/demo         ## the main job on a published log: profiles with predictions, an honest report
	.venv/bin/limner demo --workspace demo
	$(if $(filter 0,$(SERVE)),,.venv/bin/limner serve --workspace demo --clock log)

test: .venv/dev          ## the suite
	$(RUN) pytest -n $(WORKERS)

slow: .venv/dev          ## whole data sets and training truths
	$(RUN) pytest -m slow -n $(WORKERS)

fuzz: .venv/dev          ## ten minutes of damaged bytes for each parser of what comes from outside
	.venv/bin/python tests/fuzzing.py

soak: .venv/dev          ## an hour under a steady load, after half an hour: does memory grow?
	.venv/bin/python benchmarks/soak.py --minutes $(MINUTES) --most $(MOST)

check: format lint types house

format: .venv/dev        ## is everything formatted?
	$(RUN) ruff format --check --quiet

lint: .venv/dev          ## ruff, every rule that pyproject.toml does not excuse
	$(RUN) ruff check --quiet

types: .venv/dev         ## mypy, strict
	$(RUN) mypy

house: .venv/dev         ## the import contract: nobody imports upwards
	.venv/bin/lint-imports --no-cache

docs: .venv/dev          ## regenerate docs/reference from the code
	.venv/bin/python docs/generate.py

bench-%: .venv/dev       ## one claim's script: benchmarks/<name>.py
	.venv/bin/python benchmarks/$*.py

clean:                   ## forget the environment and all caches; the demo's workspace stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist

help:                    ## this list
	@grep -hE '^[a-z%-]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 12

# A clone that was moved is installed anew: an environment remembers the place it was made for.
ifneq ($(wildcard .venv/place),)
ifneq ($(shell cat .venv/place),$(CURDIR))
$(shell rm -f .venv/demo .venv/dev)
endif
endif

.venv/demo .venv/dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing what 'make $(or $(MAKECMDGOALS),all)' needs into .venv ..."
	$(RUN) pip install --quiet --constraint constraints.txt --editable ".[$(@F)]"
	@printf %s "$$PWD" > .venv/place
	@touch $@

.venv/bin/python:
	@set -e; found=; \
	for python in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11; do \
	  if [ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then found="$$python"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "error: Limner needs Python 3.11 or newer, and there is none on the path" >&2; \
	  echo "  hint: install one, or say where it is: make $(or $(MAKECMDGOALS),all) PYTHON=/path/to/python3.12" >&2; \
	  exit 2; \
	fi; \
	"$$found" -m venv .venv || "$$found" -m virtualenv --quiet .venv
