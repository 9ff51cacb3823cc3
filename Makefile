# `make help` lists the targets: what stands after ## beside each.
# Another Python: make lab PYTHON=python3.12. More arguments for what is run: make lab ARGS=--no-browser

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python
PYTEST = OMP_NUM_THREADS=1 $(<D)/bin/$(or $(UNDER),python) -m pytest -n 2 --dist loadscope
NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
SOLUTIONS := $(sort $(wildcard notebooks/solutions/*.ipynb))
LECTURES := $(sort $(wildcard instructor/lectures/*.md))
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' cdae_lessons/__init__.py)
DIST := dist
CHECKERS := docs/page/node_modules/.package-lock.json

.PHONY: help lab playground test setup course slides lectures book page nbgrader student instructor reproduce readme studies speed bench bench-sweeps \
	bench-widgets bench-page weights test-launch test-machines test-backends test-oldest test-newest test-colab constraints clean
help:
	@sed -n 's/^\([a-z-]*\):.*## /make \1:/p' Makefile | awk -F: '{ printf "%-19s %s\n", $$1, substr($$0, length($$1) + 2) }'

lab: .venv/.lab ## open the first lesson in JupyterLab       (ARGS=--no-browser on a server)
	@$(BIN)/jupyter lab --ip=127.0.0.1 $(if $(filter 0,$(shell id -u)),--allow-root) --LabApp.default_url=/lab/tree/$(firstword $(NOTEBOOKS)) $(ARGS)

playground: .venv/.playground ## serve the labs alone as a web page, for lectures   (ARGS=--theme=dark)
	@echo "Open the address below, token included; the labs take some ten seconds to appear."
	@$(BIN)/voila playground/labs.ipynb --no-browser --token --Voila.ip=127.0.0.1 $(ARGS)

test: UNDER = coverage run
test: .venv/.lab .venv/.test $(CHECKERS) ## check the code style and the types, run all tests, all notebooks and solutions, and see what they reach
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/coverage erase
	@$(PYTEST) --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg --nbval-cell-timeout 600 \
		tests $(NOTEBOOKS) $(SOLUTIONS) $(ARGS)
	@$(BIN)/coverage combine -q
	$(if $(ARGS),,@$(BIN)/coverage report)
setup: .venv/.lab .venv/.test $(CHECKERS) ## install what lab and test need into .venv, and no more

course: .venv/.lab ## execute every lesson and solution in place, timed    (TO=html: lessons into build/ as web pages)
	@$(RUN) tools/course.py $(if $(filter html,$(TO)),--to html $(NOTEBOOKS),$(NOTEBOOKS) $(SOLUTIONS))

slides: .venv/.slides ## slides of every lesson, in build/slides; they need no network
lectures: .venv/.slides ## the instructor's lectures and their notes, in build/lectures; a page is one file and needs no network
book: .venv/.book ## the course and the package's reference as a web site, in build/book; it needs no network
page: .venv/.lab ## the labs in one web page, build/labs.html; opened by double-click, it needs nothing else
	@$(RUN) tools/make_page.py $(ARGS)
nbgrader: .venv/.nbgrader ## the exercises as nbgrader assignments, in build/nbgrader    (ARGS=02_noise_and_scores: one)
slides: FILES := $(NOTEBOOKS)
lectures: FILES := $(LECTURES)
slides lectures book nbgrader:
	@$(RUN) tools/make_$@.py $(ARGS) $(FILES)

# The tests hold reference answers, too.
student: LEFT_OUT := ':!instructor' ':!notebooks/solutions' ':!tests' ':!.ci'
student: ## a zip of the last commit for students, in dist/: no solutions, tests or instructor's kit
instructor: ## a zip of the last commit with everything, in dist/
student instructor:
	@mkdir -p $(DIST)
	@git archive --format=zip --prefix=cdae-lessons/ -o $(DIST)/cdae-lessons-$(VERSION)-$@.zip HEAD -- . $(LEFT_OUT)
	@echo "$(DIST)/cdae-lessons-$(VERSION)-$@.zip"

reproduce: .venv/.lab ## the paper's tables on brains, with short trainings (in full: ARGS='--dataset brain')
	@$(RUN) -m cdae_lessons reproduce $(or $(ARGS),--steps 400)
readme: reproduce ## the README's badges, picture and table of results, measured anew
	@$(RUN) tools/make_hero.py
	@$(RUN) tools/make_readme.py results/brain-fast/scores.csv
studies: .venv/.sweep ## the studies behind lessons 06 and 08, BM3D among the rivals; resumed where they stopped (about 45 minutes on two cores)
	@for study in sample_size mixing stacked; do \
		$(RUN) -m cdae_lessons sweep studies/$$study.yaml --workers 2 $(ARGS) && \
		$(RUN) -m cdae_lessons sweep studies/$$study.yaml --report && \
		cp results/$$study/summary.csv cdae_lessons/data_files/studies/$$study.csv || exit 1; \
	done
	@$(RUN) -m cdae_lessons search studies/search.yaml --workers 2 $(ARGS)
	@cp results/search/comparison.csv results/search/search.png docs/search/
weights: .venv/.lab ## train the network that the labs ship, and tune its rivals (about 15 minutes)
	@$(RUN) tools/make_weights.py $(ARGS)
	@$(RUN) tools/tune_baselines.py

bench: .venv/.lab ## measure speed, as ratios in one run
speed: .venv/.sweep ## all of docs/speed.md, measured anew (an hour and a half)    (DATA=DIR: with PneumoniaMNIST and dental X-rays)
	@$(RUN) tools/bench.py
	@$(RUN) tools/ablation.py --data-dir $(or $(DATA),data)
	@$(RUN) tools/short_trainings.py
	@$(RUN) tools/scaling.py
	@$(RUN) tools/make_speed.py results/bench.json
bench-sweeps: .venv/.sweep ## measure what two workers gain, and a study of 10,000 runs
bench-widgets: .venv/.lab ## measure how fast the labs answer
bench-page: .venv/.lab .venv/.test ## measure how fast the web page's labs answer, and what memory they take
bench bench-sweeps bench-widgets bench-page:
	@$(RUN) tools/$(subst -,_,$@).py $(ARGS)

test-launch: .venv/.lab .venv/.test ## the slow tests: thousands of hostile files, bad luck and load (a few minutes)
	@$(PYTEST) -m launch tests $(ARGS)
test-machines: .venv/.lab .venv/.test .venv-backends/.ready ## run the tests that train and all notebooks as on other processors (hours; resumes)
	@$(RUN) tools/machines.py $(ARGS)
test-backends: .venv-backends/.ready ## run the tests of models, training and hostile files on JAX and TensorFlow
	@for backend in jax tensorflow; do echo "Tests on $$backend"; KERAS_BACKEND=$$backend \
		$(<D)/bin/python -m pytest $(addprefix tests/test_,$(addsuffix .py,models training stepping full_size hostile_files plotting_networks)) $(ARGS) || exit 1; done
# ipywidgets 7.7.1 and others of its age use what has been deprecated since.
test-oldest: .venv-oldest/.ready ## run the tests on the lowest supported versions (needs Python 3.11)
	@$(PYTEST) -W ignore::DeprecationWarning tests $(ARGS)
test-newest: .venv-newest/.ready ## run the tests on the newest versions, whatever constraints.txt says
	@$(PYTEST) tests $(ARGS)
test-colab: .venv-colab/.ready ## run each notebook alone on Colab's versions (needs Python 3.11)
	@$(<D)/bin/python tools/colab.py $(or $(ARGS),$(NOTEBOOKS))

constraints: ## write the newest versions into constraints.txt (then: make test, make course)
	@rm -rf .venv-newest
	@$(MAKE) .venv-newest/.ready
	@{ grep '^#' constraints.txt; .venv-newest/bin/python -m pip freeze --exclude-editable | sed 's/+.*//'; } > constraints.part
	@mv constraints.part constraints.txt
	@git diff --stat constraints.txt
clean: ## remove .venv and its kin, build/, dist/ and caches; keeps data/ and results/
	@rm -rf .venv .venv-* build dist .pytest_cache .ruff_cache .mypy_cache .coverage*
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@echo "Removed the virtual environments, build/ and caches."

# What checks the page of labs, and is no part of it. Where npm or its registry is missing, these checks are skipped and say so.
$(CHECKERS): docs/page/package-lock.json
	@npm ci --silent --no-audit --no-fund --prefix docs/page || echo "npm could not install what checks docs/page: its checks are skipped."

# An environment is a folder, with a stamp for each thing installed there: .venv has one for each extra of pyproject.toml.
WHAT = what $(@F:.%=%) needs
WITH = -c constraints.txt -e '.[$(@F:.%=%)]'
EXTRAS := $(addprefix .venv/.,lab test playground slides book nbgrader sweep)
OTHERS := $(addsuffix /.ready,.venv-backends .venv-oldest .venv-newest .venv-colab)
.venv/.lab: WHAT = the course and JupyterLab (about 2 GB; some minutes the first time)
.venv/.lab: WITH = -c constraints.txt -e '.[lab,medical]'
.venv/.sweep: WITH = -c constraints.txt -e '.[sweep,bm3d]'
.venv-backends/.ready: WHAT = JAX and TensorFlow into .venv-backends (about 4 GB)
.venv-backends/.ready: WITH = -c constraints.txt -e '.[test]' jax tensorflow
.venv-oldest/.ready: WHAT = the lowest supported versions into .venv-oldest (about 1.5 GB)
.venv-oldest/.ready: WITH = -c constraints-oldest.txt -e '.[medical]' pytest pytest-xdist
.venv-newest/.ready: WHAT = the newest versions into .venv-newest (about 2 GB)
.venv-newest/.ready: WITH = -U -e '.[lab,medical,playground,book,bm3d,test]'
.venv-colab/.ready: WHAT = what Colab ships into .venv-colab (about 1.5 GB)
.venv-colab/.ready: WITH = -r constraints-colab.txt
.venv-oldest/.python .venv-colab/.python: LAST := 11

$(filter-out .venv/.lab .venv/.test,$(EXTRAS)): .venv/.lab
.venv/.lab .venv/.test: .venv/.python pyproject.toml constraints.txt
$(OTHERS): %/.ready: %/.python pyproject.toml $(wildcard constraints*.txt)
$(EXTRAS) $(OTHERS):
	@echo "Installing $(WHAT) ..."
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check $(WITH)
	@touch $@
	@echo "Ready."
%/.python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $(or $(LAST),99)))' 2>/dev/null || { \
		echo "$(if $(LAST),This needs Python 3.11,The course needs Python 3.11 or newer); $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
		echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=python3.$(or $(LAST),12)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@echo "Making $(@D) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(@D)
	@touch $@
