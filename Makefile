# The two commands are `make run` and `make test`. All others serve them.
PYTHON ?= $(shell tools/find-python)
VENV := .venv
BIN := $(VENV)/bin
export LIUHEN_HOME ?= $(CURDIR)/var

.PHONY: run test check bench clean lock

# Fill an empty instance with demonstration data and serve it at http://127.0.0.1:8000
run: $(VENV)/.server
	@exec $(BIN)/liuhen serve --demo

test: $(VENV)/.dev
	@tools/test-setup
	@$(BIN)/python tools/suite.py

check: $(VENV)/.dev
	@$(BIN)/python tools/check.py

# Side by side with cp, sha256sum and nginx, in one run; writes docs/benchmarks.md
bench: $(VENV)/.dev
	@tools/test-setup
	@$(BIN)/python -m tools.bench

lock:
	@tools/lock.sh

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.12 or newer found. Install one (Debian: python3.12; pyenv: pyenv install 3.12), or name it: make PYTHON=/path/to/python3 / 未找到 Python 3.12 或更新版本，请先安装，或用 PYTHON= 指明路径" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.server: requirements/server.lock pyproject.toml src/liuhen/server/web/locale/zh_Hans/LC_MESSAGES/django.po src/liuhen/server/web/locale/en/LC_MESSAGES/django.po | $(VENV)/bin/python
	@test -e $(VENV)/.dev || $(BIN)/pip --disable-pip-version-check --quiet install --require-hashes -r requirements/server.lock
	@$(BIN)/pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@$(BIN)/python tools/i18n.py compile
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.server
	@$(BIN)/pip --disable-pip-version-check --quiet install --require-hashes -r requirements/dev.lock
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
