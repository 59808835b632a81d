# `make TARGET...` is `tox -e TARGET,...` and plain `make` is plain `tox`; `tox list` tells the targets.
# Where there is no tox, a pinned one is put into a virtual environment of its own.
PYTHON ?= python3
goals := $(or $(MAKECMDGOALS),all)
first := $(firstword $(goals))
space := $(subst ,, )
comma := ,
tox := $(shell tox --version >/dev/null 2>&1 && echo tox)

.PHONY: $(goals)
$(first): $(if $(tox),,.venv-tox/bin/tox)
	@$(or $(tox),.venv-tox/bin/tox) run $(if $(MAKECMDGOALS),-e $(subst $(space),$(comma),$(MAKECMDGOALS)))
$(filter-out $(first),$(goals)): $(first) ; @:

too_old := regression-model needs Python 3.11 or newer: $(PYTHON) is %d.%d, name another with PYTHON=...
.venv-tox/bin/tox: requirements/lock.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit("$(too_old)" % v if v < (3, 11) else 0)'
	@$(PYTHON) -m venv --clear .venv-tox
	@.venv-tox/bin/python -m pip install --quiet --disable-pip-version-check -c requirements/lock.txt tox
	@touch $@
