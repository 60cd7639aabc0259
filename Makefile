# Three commands: make install, make horses, make test. The others: make check, make wheel, make clean.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

# `uv pip install` does not read pip's setting for a local folder of wheels: pass it on (spaces there, commas here).
ifdef PIP_FIND_LINKS
ifndef UV_FIND_LINKS
empty :=
comma := ,
space := $(empty) $(empty)
export UV_FIND_LINKS := $(subst $(space),$(comma),$(strip $(PIP_FIND_LINKS)))
endif
endif

.PHONY: install horses test check wheel clean

install: $(STAMP)

# The stamp is newer than both files exactly when the last installation of them went well.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Onward needs Python 3.11 or newer, and \`$(PYTHON)\` is not: install one and say make PYTHON=python3.11 install." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -e '.[all,dev]' -c constraints.txt
	@touch $(STAMP)

# Seven minutes: a generative adversarial network learns to draw the horses of the embedded meadow.
horses: install
	$(BIN)/onward train gan meadow:horses --time 7m

test: install
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

# The wheel and the source archive, in dist/. Then, anywhere: pip install 'onward-….whl[all]' and onward selftest.
wheel: install
	$(BIN)/uv build --quiet --out-dir dist .

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	find onward tests -name __pycache__ -type d -prune -exec rm -rf {} +
