# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# All that a contributor does, with nothing but make and a Python 3.11 or newer; `make help` lists it.
#
#     make test ARGS="-k signature -x"      more arguments for the tool behind a target
#     PYTHON=/path/to/python3.13 make test  another interpreter for .venv

.DEFAULT_GOAL := help
SHELL := /bin/sh
.SHELLFLAGS := -eu -c
MAKEFLAGS += --no-print-directory

ARGS ?=
VERSION ?=
PUBLISHED ?=
TAG ?=
PY := .venv/bin/python
LOCK = ../../.venv/bin/uv pip compile --quiet --no-progress --universal --python-version 3.11 --generate-hashes \
    --custom-compile-command 'make lock' $(ARGS) >/dev/null

# The environment's tools come first for all commands that the tests start; settings of the caller's Python or Ansible stay out.
# Ansible demands UTF-8, and a locale that exists.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV ANSIBLE_CONFIG ANSIBLE_COLLECTIONS_PATH
export MAKECMDGOALS
# uv trusts the certificate authorities that the system does, as pip does.
export UV_SYSTEM_CERTS ?= true
ifeq ($(shell uname 2>/dev/null),Linux)
export LC_ALL := C.UTF-8
endif

.PHONY: help
help: ## this list
	@echo 'make TARGET [ARGS="..."]   (PYTHON=/path/to/python chooses the interpreter of .venv)'
	@while IFS= read -r line; do \
	    case $$line in \
	        [a-z]*:*'## '*) printf '  %-10s %s\n' "$${line%%:*}" "$${line#*## }" ;; \
	    esac; \
	done < Makefile

.PHONY: venv
venv: ## make .venv, or bring it up to date
	@python=$$($(SHELL) tools/find_python.sh); "$$python" -I tools/make_venv.py all

.PHONY: venv-demo
venv-demo: ## the same with no more than the demonstration and the emulator need
	@python=$$($(SHELL) tools/find_python.sh); "$$python" -I tools/make_venv.py demo

.PHONY: demo
demo: venv-demo ## a deployment with gates against an emulated cloud
	@$(PY) -m tests.demo $(ARGS)

.PHONY: test
test: venv ## unit and integration tests
	@$(PY) -m pytest -n 3 --dist loadfile -m 'not slow and not site' $(ARGS)

.PHONY: test-site
test-site: venv ## the tests of the documentation site
	@$(PY) -m pytest -m site tests/integration/test_docs_site.py $(ARGS)

.PHONY: test-all
test-all: venv ## all tests, with the slow ones, and with other random examples each time
	@DATAGATE_TESTS_RANDOM=1 $(PY) -m pytest -n 3 --dist loadfile $(ARGS)

.PHONY: molecule
molecule: venv ## the role's molecule scenario
	@cd extensions && ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/.venv/collections ../.venv/bin/molecule test $(ARGS)

.PHONY: lint
lint: venv ## ansible-lint, ruff, mypy, yamllint, shellcheck, licences, changelog and documentation markup
	@$(PY) tools/lint.py $(ARGS)

.PHONY: options
options: venv ## generate all texts that follow from the tables of options and states
	@$(PY) tools/options --write

.PHONY: format
format: venv ## rewrite the Python files with ruff
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

.PHONY: sanity
sanity: venv ## ansible-test sanity on a copy of the tree
	@$(PY) tools/ansible_test.py sanity $(ARGS)

.PHONY: matrix
matrix: venv ## every supported ansible-core with every Python there is; ARGS="--core 2.19" for one
	@$(PY) tools/matrix.py $(ARGS)

.PHONY: importer
importer: venv ## what Galaxy does with the tarball; a warning fails
	@$(PY) -m nox --session importer $(ARGS)

.PHONY: build
build: venv ## the tarball for Galaxy, in dist/
	@$(PY) tools/build.py $(ARGS)

.PHONY: docs
docs: venv ## the documentation site, in dist/docs/
	@$(PY) tools/docs.py $(ARGS)

.PHONY: release
release: venv ## make release VERSION=1.2.3: version, changelog, tarball, docs; PUBLISHED=1: for Galaxy; TAG=1: the tag
	@$(PY) tools/release.py "$(VERSION)" $(if $(PUBLISHED),--published) $(if $(TAG),--tag)

.PHONY: bench
bench: venv ## what waiting for jobs costs, beside uri, the SDK and Airflow; ARGS=--quick for a try
	@$(PY) -m tests.bench $(ARGS)

.PHONY: lock
lock: venv ## write the locked.txt of tests/requirements/ again; ARGS=--upgrade for the newest that may be
	@cd tests/requirements && $(LOCK) dev.txt --output-file locked.txt
	@cd tests/requirements && $(LOCK) demo.txt --constraints locked.txt --output-file demo-locked.txt

.PHONY: awx
awx: venv ## awx.awx for the tests of awx_setup, out of the package ansible (55 MB)
	@$(PY) -m tests.integration.awx.collection

.PHONY: fuzz
fuzz: venv ## three minutes of atheris on the cloud's answers (make fuzz ARGS=600: ten)
	@$(PY) -m nox --session fuzz -- $(ARGS)

.PHONY: pictures
pictures: venv ## terminal runs and reports for the documentation, into docs/pictures/
	@$(PY) tools/pictures.py $(ARGS)

.PHONY: clean
clean: ## remove .venv and everything that was generated
	@rm -rf .nox .venv .venv.lock .venv.log dist .pytest_cache .hypothesis .ansible .mypy_cache .ruff_cache tests/output
	@find . -name .git -prune -o -type d -name __pycache__ -exec rm -rf {} +
