# SPDX-License-Identifier: GPL-3.0-or-later
# The two commands:  make demo [INPUT=mine.wav]   and   make test
# Each makes .venv when it is missing, installs what it needs there and does its work; a second run
# installs nothing. Wanted beforehand: Python 3.11 or newer with venv, and a C++17 compiler.

VENV := .venv
BIN := $(VENV)/bin
# The version that constraints.txt was tried with comes first.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# What an installation depends on: change one of these and the next command installs anew.
BUILT_FROM := pyproject.toml setup.py constraints.txt \
	$(shell find cpp_ext -name '*.cpp' -o -name '*.h' -o -name '*.hpp')

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test sanitize neon fuzz lint format types contracts check wheel clip pictures results \
	clean

help:
	@echo "make demo               clean a noisy voice recording, show what changed"
	@echo "make demo INPUT=a.wav   the same with a recording of yours"
	@echo "make test               run all tests (ARGS='-k board' chooses)"
	@echo "make sanitize           test the C++ under AddressSanitizer and UBSan"
	@echo "make neon               test the kernels for AArch64 under an emulator"
	@echo "make fuzz               damage 10,000 model files, see that none does harm"
	@echo "make check              lint, types and import contracts"
	@echo "make format             let ruff format the code"
	@echo "make wheel              build sdist and wheel, try them in a fresh environment"
	@echo "make clip, pictures     make the demo clip, the README's pictures anew"
	@echo "make results DATA=dir [ONNX=dir]   measure anew what changed, redraw the README's table"
	@echo "make clean              remove .venv and all that was built"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "needs Python 3.11 or newer with venv (set PYTHON=...)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Build tools are installed, pinned, before the project: no second, unpinned copy of them is
# fetched for an isolated build.
$(VENV)/.for-demo: $(BUILT_FROM) | $(BIN)/python
	@echo "installing neuralboard into $(VENV) ..."
	@$(INSTALL) setuptools pybind11
	@$(INSTALL) --no-build-isolation -e '.[mix]'
	@touch $@

$(VENV)/.for-tests: $(BUILT_FROM) | $(BIN)/python
	@echo "installing neuralboard and its tests' tools into $(VENV) (torch is large) ..."
	@$(INSTALL) setuptools pybind11
	@$(INSTALL) --no-build-isolation -e '.[dev]'
	@touch $@ $(VENV)/.for-demo

demo: $(VENV)/.for-demo
	@$(BIN)/python examples/demo.py $(if $(INPUT),"$(INPUT)")

test: $(VENV)/.for-tests
	@$(BIN)/python -m pytest $(ARGS)

sanitize: $(VENV)/.for-tests
	@scripts/sanitize.sh $(BIN)/python $(ARGS)

neon:
	@scripts/check_neon.sh

fuzz: $(VENV)/.for-tests
	@nice $(BIN)/python -m tests.effects.fuzz_models 10000

lint: $(VENV)/.for-tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(VENV)/.for-tests
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

types: $(VENV)/.for-tests
	@MYPYPATH=$$($(BIN)/python scripts/link_tree.py) $(BIN)/mypy -p neuralboard
	@MYPYPATH=$$($(BIN)/python scripts/link_tree.py) $(BIN)/mypy tests examples scripts

contracts: $(VENV)/.for-tests
	@PYTHONPATH=$$($(BIN)/python scripts/link_tree.py) $(BIN)/lint-imports

check: lint types contracts

wheel: $(VENV)/.for-tests
	@scripts/check_wheel.sh $(BIN)/python

clip: $(VENV)/.for-tests
	@$(BIN)/python scripts/make_demo_clip.py

pictures: $(VENV)/.for-demo
	@$(BIN)/python examples/demo.py --picture docs/images/before_after.png

# The committed figures: rows whose recording, box and judges are the same are not judged again.
BENCH = $(BIN)/neuralboard bench
RESULTS = --out benchmarks/results
COMPARED = --peers $(if $(ONNX),--onnx-dir "$(ONNX)") $(RESULTS)
results: $(VENV)/.for-demo
	@test -n "$(DATA)" || { echo "give DATA=folder with speech/test, noise/test, rir/test"; exit 2; }
	@$(INSTALL) --no-build-isolation -e '.[bench]'
	$(BENCH) denoise --data "$(DATA)" --excerpts 1 --no-sound $(COMPARED)
	$(BENCH) speed $(COMPARED)
	$(BENCH) chains $(RESULTS)
	$(BIN)/python -m neuralboard.benchmarks.readme_table
	@echo "The README's sentences should say:"
	@$(BIN)/python -m neuralboard.benchmarks.readme_claims

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find cpp_ext -name '*.so' -delete
