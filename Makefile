# `make help` says what each target does.
# Another Python: make lab PYTHON=python3.12. More arguments for what is run: make lab ARGS=--no-browser

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
SOLUTIONS := $(sort $(wildcard notebooks/solutions/*.ipynb))
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
SOURCES := pyproject.toml constraints.txt
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' cdae_lessons/__init__.py)
DIST := dist
ARGS ?=

.PHONY: help lab playground test setup course slides book readme nbgrader student instructor reproduce studies bench bench-sweeps bench-widgets \
	weights test-launch test-machines test-backends test-oldest test-newest test-colab constraints clean
.DEFAULT_GOAL := help

help:
	@echo "make lab            open the first lesson in JupyterLab       (ARGS=--no-browser on a server)"
	@echo "make playground     serve the labs alone as a web page, for lectures   (ARGS=--theme=dark)"
	@echo "make test           check the code style, run all tests, all notebooks and solutions"
	@echo "make setup          install what both need into $(VENV), and no more"
	@echo "make course         execute every lesson and solution in place, timed    (TO=html: lessons into build/ as web pages)"
	@echo "make slides         slides of every lesson, in build/slides; they need no network"
	@echo "make book           the course as a web site, in build/book; it needs no network"
	@echo "make nbgrader       the exercises as nbgrader assignments, in build/nbgrader    (ARGS=02_noise_and_scores: one)"
	@echo "make student        a zip of the last commit for students, in dist/: no solutions, tests or instructor's kit"
	@echo "make instructor     a zip of the last commit with everything, in dist/"
	@echo "make reproduce      the paper's tables on brains, with short trainings (in full: ARGS='--dataset brain')"
	@echo "make readme         the README's badges, picture and table of results, measured anew"
	@echo "make studies        the studies behind lessons 05 and 07, resumed where they stopped (an hour on two cores)"
	@echo "make bench          measure speed, as ratios in one run"
	@echo "make bench-sweeps   measure what two workers gain, and a study of 10,000 runs"
	@echo "make bench-widgets  measure how fast the labs answer"
	@echo "make weights        train the network that the labs ship, and tune its rivals (about 15 minutes)"
	@echo "make test-launch    the slow tests: thousands of hostile files, bad luck and load (a few minutes)"
	@echo "make test-machines  run the tests that train and all notebooks as on other processors (hours; resumes)"
	@echo "make test-backends  run the tests of models, training and hostile files on JAX and TensorFlow"
	@echo "make test-oldest    run the tests on the lowest supported versions (needs Python 3.11)"
	@echo "make test-newest    run the tests on the newest versions, whatever constraints.txt says"
	@echo "make constraints    write the newest versions into constraints.txt (then: make test, make course)"
	@echo "make test-colab     run each notebook alone on Colab's versions (needs Python 3.11)"
	@echo "make clean          remove $(VENV), build/ and caches; keeps data/ and results/"

lab: $(VENV)/.lab
	@$(BIN)/jupyter lab --ip=127.0.0.1 $(ROOT) --LabApp.default_url=/lab/tree/$(firstword $(NOTEBOOKS)) $(ARGS)

playground: $(VENV)/.playground
	@echo "Open the address below, token included; the labs take some ten seconds to appear."
	@$(BIN)/voila playground/labs.ipynb --no-browser --token --Voila.ip=127.0.0.1 $(ARGS)

test: $(VENV)/.lab $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope --nbval --nbval-current-env \
		--nbval-sanitize-with tests/nbval.cfg --nbval-cell-timeout 600 tests $(NOTEBOOKS) $(SOLUTIONS) $(ARGS)

setup: $(VENV)/.lab $(VENV)/.test

course: $(VENV)/.lab
	@$(BIN)/python tools/course.py $(if $(filter html,$(TO)),--to html $(NOTEBOOKS),$(NOTEBOOKS) $(SOLUTIONS))

slides: $(VENV)/.slides
	@$(BIN)/python tools/make_slides.py $(ARGS) $(NOTEBOOKS)

book: $(VENV)/.book
	@$(BIN)/python tools/make_book.py $(ARGS)

nbgrader: $(VENV)/.nbgrader
	@$(BIN)/python tools/make_nbgrader.py $(ARGS)

# The tests hold reference answers, too.
student: LEFT_OUT := ':!instructor' ':!notebooks/solutions' ':!tests' ':!.ci'
student instructor:
	@mkdir -p $(DIST)
	@git archive --format=zip --prefix=cdae-lessons/ -o $(DIST)/cdae-lessons-$(VERSION)-$@.zip HEAD -- . $(LEFT_OUT)
	@echo "$(DIST)/cdae-lessons-$(VERSION)-$@.zip"

reproduce: $(VENV)/.lab
	@$(BIN)/python -m cdae_lessons reproduce $(or $(ARGS),--steps 400)

readme: reproduce
	@$(BIN)/python tools/make_hero.py
	@$(BIN)/python tools/make_readme.py results/brain-fast/scores.csv

studies: $(VENV)/.sweep
	@for study in sample_size mixing stacked; do \
		$(BIN)/python -m cdae_lessons sweep studies/$$study.yaml --workers 2 $(ARGS) && \
		$(BIN)/python -m cdae_lessons sweep studies/$$study.yaml --report && \
		cp results/$$study/summary.csv cdae_lessons/data_files/studies/$$study.csv || exit 1; \
	done
	@$(BIN)/python -m cdae_lessons search studies/search.yaml --workers 2 $(ARGS)
	@cp results/search/comparison.csv results/search/search.png docs/search/

bench: $(VENV)/.lab
	@$(BIN)/python tools/bench.py $(ARGS)

bench-sweeps: $(VENV)/.sweep
	@$(BIN)/python tools/bench_sweeps.py $(ARGS)

bench-widgets: $(VENV)/.lab
	@$(BIN)/python tools/bench_widgets.py $(ARGS)

weights: $(VENV)/.lab
	@$(BIN)/python tools/make_weights.py $(ARGS)
	@$(BIN)/python tools/tune_baselines.py

test-launch: $(VENV)/.lab $(VENV)/.test
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m launch tests $(ARGS)

test-machines: $(VENV)/.lab $(VENV)/.test .venv-backends/.ready
	@$(BIN)/python tools/machines.py $(ARGS)

test-backends: .venv-backends/.ready
	@for backend in jax tensorflow; do \
		echo "Tests on $$backend"; \
		KERAS_BACKEND=$$backend .venv-backends/bin/python -m pytest tests/test_models.py tests/test_training.py \
			tests/test_hostile_files.py $(ARGS) || exit 1; \
	done

# ipywidgets 7.7.1 and others of its age use what has been deprecated since.
test-oldest: .venv-oldest/.ready
	@OMP_NUM_THREADS=1 .venv-oldest/bin/python -m pytest -n 2 --dist loadscope -W ignore::DeprecationWarning tests $(ARGS)

test-newest: .venv-newest/.ready
	@OMP_NUM_THREADS=1 .venv-newest/bin/python -m pytest -n 2 --dist loadscope tests $(ARGS)

constraints:
	@rm -rf .venv-newest
	@$(MAKE) .venv-newest/.ready
	@{ grep '^#' constraints.txt; .venv-newest/bin/python -m pip freeze --exclude-editable | sed 's/+.*//'; } > constraints.part
	@mv constraints.part constraints.txt
	@git diff --stat constraints.txt

test-colab: .venv-colab/.ready
	@.venv-colab/bin/python tools/colab.py $(or $(ARGS),$(NOTEBOOKS))

clean:
	@rm -rf $(VENV) .venv-backends .venv-oldest .venv-newest .venv-colab build dist .pytest_cache .ruff_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@echo "Removed the virtual environments, build/ and caches."

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "The course needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
		echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.lab: $(VENV)/.python $(SOURCES)
	@echo "Installing the course and JupyterLab (about 2 GB; some minutes the first time) ..."
	@$(PIP) -e '.[lab,medical]'
	@touch $@
	@echo "Ready."

$(VENV)/.test: $(VENV)/.python $(SOURCES)
	@echo "Installing the test tools ..."
	@$(PIP) -e '.[test]'
	@touch $@

$(VENV)/.playground: $(VENV)/.lab
	@echo "Installing Voila ..."
	@$(PIP) -e '.[playground]'
	@touch $@

# reveal.js and MathJax as files come in these packages; Sphinx, which the first one extends, is not needed.
$(VENV)/.slides: $(VENV)/.lab
	@echo "Installing reveal.js and MathJax ..."
	@$(PIP) --no-deps sphinx-revealjs jupyter-server-mathjax
	@touch $@

$(VENV)/.book: $(VENV)/.lab
	@echo "Installing Sphinx, MyST-NB and MathJax ..."
	@$(PIP) -e '.[book]'
	@touch $@

$(VENV)/.nbgrader: $(VENV)/.lab
	@echo "Installing nbgrader ..."
	@$(PIP) -e '.[nbgrader]'
	@touch $@

$(VENV)/.sweep: $(VENV)/.lab
	@echo "Installing Dask ..."
	@$(PIP) -e '.[sweep]'
	@touch $@

.venv-backends/.ready: $(SOURCES)
	@echo "Installing JAX and TensorFlow into .venv-backends (about 4 GB) ..."
	@$(PYTHON) -m venv .venv-backends
	@.venv-backends/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[test]' jax tensorflow
	@touch $@

.venv-oldest/.ready: pyproject.toml constraints-oldest.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo "The lowest supported versions need Python 3.11: make test-oldest PYTHON=python3.11"; exit 1; }
	@echo "Installing the lowest supported versions into .venv-oldest (about 1.5 GB) ..."
	@$(PYTHON) -m venv .venv-oldest
	@.venv-oldest/bin/python -m pip install -qq --disable-pip-version-check -c constraints-oldest.txt -e . pydicom pytest pytest-xdist
	@touch $@

.venv-newest/.ready: pyproject.toml
	@echo "Installing the newest versions into .venv-newest (about 2 GB) ..."
	@$(PYTHON) -m venv .venv-newest
	@.venv-newest/bin/python -m pip install -qq --disable-pip-version-check -U -e '.[lab,medical,playground,book,bm3d,test]'
	@touch $@

.venv-colab/.ready: constraints-colab.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo "Colab's versions need Python 3.11 here: make test-colab PYTHON=python3.11"; exit 1; }
	@echo "Installing what Colab ships into .venv-colab (about 1.5 GB) ..."
	@$(PYTHON) -m venv .venv-colab
	@.venv-colab/bin/python -m pip install -qq --disable-pip-version-check -r constraints-colab.txt
	@touch $@
