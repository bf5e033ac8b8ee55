# The two commands are `make run` and `make test`. All others serve them.
PYTHON ?= $(shell tools/find-python)
VENV := .venv
BIN := $(VENV)/bin
export LIUHEN_HOME ?= $(CURDIR)/var

# A folder of wheels (`make wheels`) takes the place of every package index.
SOURCE := $(if $(wildcard wheels),--no-index --find-links wheels)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
define install
@$(PIP) install $(SOURCE) $(1) || { echo "未能安装 Python 软件包，原因见上。请检查网络、pip 软件源与磁盘空间后重新运行；无网络时见 docs/guide/operators.md 的 make wheels。" >&2; \
  echo "The Python packages could not be installed; pip says why above. Check the network, pip's index and the room on the disk, then run again; without a network: make wheels in docs/guide/operators.md." >&2; exit 1; }
endef

.PHONY: run test check bench clean lock wheels

# Fill an empty instance with demonstration data and serve it at http://127.0.0.1:8000
run: $(VENV)/.server
	@exec $(BIN)/liuhen serve --demo

test: $(VENV)/.dev
	@tools/test-setup
	@$(BIN)/python -m tools.suite

check: $(VENV)/.dev
	@$(BIN)/python tools/check.py

# Side by side with cp, sha256sum and nginx, in one run; writes docs/benchmarks.md
bench: $(VENV)/.dev
	@tools/test-setup
	@$(BIN)/python -m tools.bench

lock:
	@tools/lock.sh

# For a machine without a network: every package, as a file, for this machine's architecture and Python.
# Those of the tests as well: make wheels LOCKS="server collector dev"
LOCKS ?= server collector
wheels: | $(VENV)/bin/python
	@rm -rf wheels.part
	@for lock in $(LOCKS); do \
	  $(PIP) download --require-hashes --only-binary :all: --dest wheels.part -r requirements/$$lock.lock || { echo "The packages of requirements/$$lock.lock could not be fetched: check the network and pip's index. / 未能下载 requirements/$$lock.lock 所列软件包：请检查网络与 pip 软件源。" >&2; exit 1; }; \
	done
	@rm -rf wheels && mv wheels.part wheels
	@echo "wheels: $$(ls wheels | wc -l) files; carry this folder beside the Makefile / 共 $$(ls wheels | wc -l) 个文件，请把 wheels 目录与 Makefile 放在一起带走"

$(VENV)/bin/python:
	@python="$(PYTHON)"; test -n "$$python" || exit 1; \
	echo "正在建立 Python 环境…… / making a Python environment ..." >&2; \
	{ "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' && "$$python" -m venv $(VENV); } || { rm -rf $(VENV); \
	echo "$$python 未能在 $(CURDIR)/$(VENV) 建立环境：须为 Python 3.12 或更新版本并带 venv 模块，目录可写且磁盘未满。" >&2; \
	echo "$$python made no environment in $(CURDIR)/$(VENV): it must be Python 3.12 or newer with its venv module, the folder writable and the disk not full." >&2; exit 1; }

$(VENV)/.server: requirements/server.lock pyproject.toml setup.py src/liuhen/server/web/locale/zh_Hans/LC_MESSAGES/django.po src/liuhen/server/web/locale/en/LC_MESSAGES/django.po | $(VENV)/bin/python
	@echo "正在安装软件包（首次约下载 80 MB），通常不到一分钟……" >&2
	@echo "Installing packages (at first some 80 MB are fetched), usually under a minute ..." >&2
	$(if $(wildcard $(VENV)/.dev),,$(call install,--require-hashes -r requirements/server.lock))
	$(call install,--no-deps --no-build-isolation --editable .)
	@$(BIN)/python tools/i18n.py compile
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.server
	$(call install,--require-hashes -r requirements/dev.lock)
	@touch $@

clean:
	rm -rf $(VENV) build dist wheels.part .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
