#!/usr/bin/env bash
# Write the lock files anew from pyproject.toml: versions and hashes only, no registry host.
# usage: tools/lock.sh      (needs uv on the path or in .venv)
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)
compile=("$uv" pip compile pyproject.toml --quiet --universal --python-version 3.12 --generate-hashes
  --no-emit-index-url --no-emit-find-links --no-annotate --no-header)
"${compile[@]}" --group build --output-file requirements/collector.lock
"${compile[@]}" --extra server --group build --output-file requirements/server.lock
"${compile[@]}" --extra server --group build --group dev --output-file requirements/dev.lock
