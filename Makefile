# Each target is the tox environment of that name: `make train` is `tox -e train`, and `make` is `tox`.
# Where there is no tox, a pinned one is put into a virtual environment of its own.
PYTHON ?= python3
TOX := $(shell tox --version >/dev/null 2>&1 && echo tox || echo .venv-tox/bin/tox)

all: $(TOX) ; $(TOX) run
ci: $(TOX) ; $(TOX) run -e test_package,checks,build,test_release,test_runtime,test_runtime-py312,test_runtime-py313,compat-lowest,workflows,containers,docs_site

train: $(TOX) ; $(TOX) run -e train
evaluate: $(TOX) ; $(TOX) run -e evaluate
tune: $(TOX) ; $(TOX) run -e tune
cycle: $(TOX) ; $(TOX) run -e cycle
job-tune: $(TOX) ; $(TOX) run -e job-tune
job-train: $(TOX) ; $(TOX) run -e job-train
job-evaluate: $(TOX) ; $(TOX) run -e job-evaluate
job-compare: $(TOX) ; $(TOX) run -e job-compare
job-promote: $(TOX) ; $(TOX) run -e job-promote
job-predict: $(TOX) ; $(TOX) run -e job-predict
job-explain: $(TOX) ; $(TOX) run -e job-explain
job-monitor: $(TOX) ; $(TOX) run -e job-monitor
test_package: $(TOX) ; $(TOX) run -e test_package
test_runtime: $(TOX) ; $(TOX) run -e test_runtime
test_spark: $(TOX) ; $(TOX) run -e test_spark
compat-lowest: $(TOX) ; $(TOX) run -e compat-lowest
compat-highest: $(TOX) ; $(TOX) run -e compat-highest
compat-train-lowest: $(TOX) ; $(TOX) run -e compat-train-lowest
checks: $(TOX) ; $(TOX) run -e checks
lint: $(TOX) ; $(TOX) run -e lint
typecheck: $(TOX) ; $(TOX) run -e typecheck
format: $(TOX) ; $(TOX) run -e format
build: $(TOX) ; $(TOX) run -e build
bench: $(TOX) ; $(TOX) run -e bench
.PHONY: bench_serve reliability
bench_serve: $(TOX) ; $(TOX) run -e bench_serve
reliability: $(TOX) ; $(TOX) run -e reliability
bench_tables: $(TOX) ; $(TOX) run -e bench_tables
docs: $(TOX) ; $(TOX) run -e docs
docs_site: $(TOX) ; $(TOX) run -e docs_site
workflows: $(TOX) ; $(TOX) run -e workflows
containers: $(TOX) ; $(TOX) run -e containers
dependencies: $(TOX) ; $(TOX) run -e dependencies
audit: $(TOX) ; $(TOX) run -e audit
keep: $(TOX) ; $(TOX) run -e keep
lock: $(TOX) ; $(TOX) run -e lock
test_release: $(TOX) ; $(TOX) run -e test_release
test_browser: $(TOX) ; $(TOX) run -e test_browser
test_mlflow: $(TOX) ; $(TOX) run -e test_mlflow
test_remote: $(TOX) ; $(TOX) run -e test_remote
coverage: $(TOX) ; $(TOX) run -e coverage
publish: $(TOX) ; $(TOX) run -e publish
release_rehearsal: $(TOX) ; $(TOX) run -e release_rehearsal
pylock: $(TOX) ; $(TOX) run -e pylock
dev: $(TOX) ; $(TOX) run -e dev

.PHONY: all ci cycle job-tune job-train job-evaluate job-compare job-promote job-predict job-explain job-monitor train evaluate tune test_package test_runtime test_spark compat-lowest compat-highest compat-train-lowest dependencies audit keep checks lint \
	typecheck format build bench bench_serve reliability bench_tables docs docs_site workflows containers lock test_release test_browser test_mlflow test_remote coverage publish release_rehearsal pylock dev tox

tox: ;
too_old := regression-model needs Python 3.11 or newer: $(PYTHON) is %d.%d, name another with PYTHON=...
.venv-tox/bin/tox: requirements/tox.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit("$(too_old)" % v if v < (3, 11) else 0)'
	@$(PYTHON) -m venv --clear .venv-tox
	@.venv-tox/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/tox.txt
	@touch $@
