#!/usr/bin/env bash
# Everything that must hold, headless: style, types, floors, documentation, tests. `make test` calls this.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
export OMP_NUM_THREADS=1 NAPARI_STRICT_QT=1 PYTHONWARNINGS=default NO_MKDOCS_2_WARNING=1
# Tests never touch the user's own settings, benchmark index or caches.
SPATIALMED_HOME=$(mktemp -d); export SPATIALMED_HOME
trap 'rm -rf "$SPATIALMED_HOME"' EXIT
display=()
[ -n "${DISPLAY:-}" ] && [ -z "${CI:-}" ] || display=(xvfb-run -a -s "-screen 0 1920x1200x24")

$bin/ruff check .
$bin/ruff format --check .
$bin/mypy
$bin/lint-imports
$bin/mkdocs build --strict --quiet --site-dir "$SPATIALMED_HOME/site"
"${display[@]}" $bin/python -m pytest -q -n 2 -m "not gui and not local_llm and not alone"
# Then one at a time: windows, a model server and cluster tests disturb each other on a small machine.
"${display[@]}" $bin/python -m pytest -q -m "(gui or local_llm or alone) and not fresh"
"${display[@]}" $bin/python -m pytest -q -m fresh
