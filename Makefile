# Every target sets up what it needs from a bare clone and reuses it the second time.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
RUN = $(VENV)/bin/python

.PHONY: help install demo serve worker test lint bench clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

$(VENV)/.installed: requirements.txt
	@PYTHON=$(PYTHON) sh .ci/environment $(VENV) requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt
	@PYTHON=$(PYTHON) sh .ci/environment $(VENV) requirements-dev.txt
	@touch $(VENV)/.installed $@

install: $(VENV)/.installed ## set up the virtual environment with what Unitscope needs

demo: $(VENV)/.installed ## build the demonstration and serve it on 127.0.0.1:$(PORT)
	@$(RUN) manage.py demo --port $(PORT)

serve: $(VENV)/.installed ## one worker and the web server on 127.0.0.1:$(PORT)
	@$(RUN) manage.py up --port $(PORT)

worker: $(VENV)/.installed ## one more worker for the same installation
	@$(RUN) manage.py worker

test: $(VENV)/.installed-dev ## everything that CI runs: checks, tests on SQLite, again on PostgreSQL and Redis
	@sh .ci/system-packages
	@PATH="$(abspath $(VENV))/bin:$$PATH" sh .ci/test

lint: $(VENV)/.installed-dev ## style, types, import contracts, migrations, deployment checks
	@PATH="$(abspath $(VENV))/bin:$$PATH" sh .ci/lint

bench: $(VENV)/.installed-dev ## the benchmarks, one after another
	@for file in benchmarks/[a-z]*.py; do \
		name=$$(basename $$file .py); echo "== $$name"; $(RUN) -m benchmarks.$$name || exit 1; done

clean: ## remove the virtual environment and the installation's data in var/
	@echo "This removes $(VENV) and var/ with every label in it. Type yes to go on:"; \
		read answer; [ "$$answer" = yes ] && rm -rf $(VENV) var
