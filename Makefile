# Two commands do everything on a fresh machine with Python 3.11: `make demo` and `make test`.
PYTHON ?= python3

.PHONY: demo test env docs benchmarks clean

demo: env
	@.venv/bin/spatialmed demo

test: env
	@tools/test.sh

env:
	@$(PYTHON) tools/environment.py

docs: env
	@.venv/bin/mkdocs build --strict

clean:
	rm -rf .venv demo-output site dist
