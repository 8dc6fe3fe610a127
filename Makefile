# Two commands matter: `make demo` and `make test`. Both set up all they need on a machine that has git, make and
# Python 3.11 or newer; a second call finds the set-up done. `make help` lists the rest.
#
# .venv/.uv   the installer alone, put there by pip from hashes
# .venv       everything else, put there by the installer from hashes (requirements/), and the two packages of this project, editable

COSIGN_VERSION := v3.1.3
# The newest that Go 1.26 can build; newer ones of Rekor and the timestamp authority want Go 1.27.
FULCIO_VERSION := v1.8.8
REKOR_VERSION  := v2.3.0
TSA_VERSION    := v2.1.3
ACTIONLINT_VERSION := v1.7.12
# of sigstore/sigstore-conformance, whose suite our verifier is held against; .github/workflows/ci.yml names the same
CONFORMANCE_REVISION := a73de4970176d258e0154c530b89d20b89444e4d

VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(VENV)/.uv/bin/uv
CACHE  := $(or $(COUNTERSEAL_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/counterseal)
COSIGN := $(CACHE)/bin/cosign
FULCIO := $(CACHE)/bin/fulcio-$(FULCIO_VERSION)
REKOR  := $(CACHE)/bin/rekor-server-posix-$(REKOR_VERSION)
TSA    := $(CACHE)/bin/timestamp-server-$(TSA_VERSION)
ACTIONLINT := $(CACHE)/bin/actionlint
GITLAB_CI_LOCAL := $(CACHE)/gitlab-ci-local
CONFORMANCE := $(CACHE)/sigstore-conformance-$(CONFORMANCE_REVISION)
PIP    := PIP_DISABLE_PIP_VERSION_CHECK=1 $(VENV)/.uv/bin/python -m pip install --quiet --require-hashes --only-binary :all:
SYNC   := $(UV) pip install --quiet --python $(BIN)/python --require-hashes --only-binary :all:
FAST   := tests/unit tests/flow tests/project
# Tests of one file may share a world, so whole files are handed out, longest first (tests/conftest.py).
BY_FILE      := --dist loadfile --no-loadscope-reorder
SIDE_BY_SIDE := --numprocesses auto $(BY_FILE)
# A story waits half of its time: for processes that start, for the disk, for packages. So the processors have two each.
WORKERS       = $(shell expr 2 '*' "$$(getconf _NPROCESSORS_ONLN)")

export COUNTERSEAL_PYTHON

.PHONY: help demo test test-fast coverage mutants check lint format docs tools bench bench-tools lock clean
.DELETE_ON_ERROR:
.SILENT:

help: ## this list
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## the whole story on this machine, without internet: a commit becomes a verified release (FORGE=github|gitlab|both)
	$(BIN)/counterseal demo $(if $(FORGE),--forge $(FORGE)) $(DEMO)

test: lint ## everything that CI checks; tests of cosign and gh skip where those are missing (make tools)
	$(BIN)/pytest --numprocesses $(WORKERS) $(BY_FILE) $(PYTEST)

test-fast: lint ## the part that takes less than a minute: no slow test, no foreign tool
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "not slow and not interop" $(wildcard $(FAST)) $(PYTEST)

coverage: $(VENV)/.dev ## which lines and branches the tests of `make test-fast` reach, room by room (docs/quality.md)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(SIDE_BY_SIDE) --quiet -m "not slow and not interop" tests/unit tests/flow $(PYTEST)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage json --quiet -o .coverage/report.json
	$(BIN)/python tools/coverage_rooms.py .coverage/report.json

mutants: $(VENV)/.dev ## what no unit test of evaluation and verification would notice: most of an hour (FILES=… for less)
	$(BIN)/python -m tools.mutants $(FILES)

lint: $(VENV)/.dev ## ruff, mypy, the layers contract
	$(BIN)/ruff check --quiet --output-format concise
	$(BIN)/ruff format --check --quiet || { echo "fix: make format" >&2; exit 1; }
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-cache > $(VENV)/.layers 2>&1 || { cat $(VENV)/.layers >&2; exit 1; }

format: $(VENV)/.dev ## let ruff format and fix what it can
	$(BIN)/ruff check --quiet --fix-only --exit-zero
	$(BIN)/ruff format

docs: $(VENV)/.dev ## write the generated blocks of README.md and docs/, and the pages of actions and templates, anew
	$(BIN)/python tools/readme_blocks.py
	$(BIN)/python tools/action_pages.py
	$(BIN)/python tools/template_pages.py
	$(BIN)/python tools/format_examples.py
	$(BIN)/python -m tools.state_diagrams
	$(BIN)/python -m tools.threat_model
	$(BIN)/python -m tools.architecture_page
	$(BIN)/python -m bench.performance_page
	$(BIN)/python -m tools.schemas

tools: $(VENV)/.dev ## what the tests of foreign tools need: cosign and the Sigstore services (go install, about 8 minutes once), gitlab-ci-local (npm), gh, the conformance suite (git)
	COSIGN="$(COSIGN)" COSIGN_VERSION="$(COSIGN_VERSION)" sh tools/get_cosign.sh
	FULCIO="$(FULCIO)" REKOR="$(REKOR)" TSA="$(TSA)" sh tools/get_sigstore.sh
	ACTIONLINT="$(ACTIONLINT)" ACTIONLINT_VERSION="$(ACTIONLINT_VERSION)" sh tools/get_actionlint.sh
	GITLAB_CI_LOCAL="$(GITLAB_CI_LOCAL)" sh tools/get_gitlab_ci_local.sh
	CONFORMANCE="$(CONFORMANCE)" CONFORMANCE_REVISION="$(CONFORMANCE_REVISION)" sh tools/get_conformance.sh
	$(BIN)/gh --version | head -1
	$(BIN)/act --version

bench: $(VENV)/.dev ## what grows with the ledger: appends, gates, log, verify (SIZES=10,1000: two minutes; WRITE=1: into docs/performance.md)
	$(BIN)/python -m bench.performance $(if $(SIZES),--sizes "$(SIZES)") $(if $(WRITE),--write)

bench-tools: $(VENV)/.dev ## times of whole processes beside cosign and gh, of actions under act, of SBOMs beside those of other tools
	$(BIN)/python bench/run.py
	$(BIN)/python bench/actions.py
	$(BIN)/python bench/sbom.py

lock: $(VENV)/.uv/.made ## make requirements/ anew from pyproject.toml (UPGRADE=1: newer versions, none younger than a week)
	UV="$(UV)" UPGRADE="$(UPGRADE)" sh tools/lock.sh

clean: ## remove the environment and what the tools left behind
	rm -rf $(VENV) .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist demo-out

$(VENV)/.uv/.made: requirements/uv.txt tools/find_python.sh
	python=$$(sh tools/find_python.sh) && echo "setting up .venv with $$python" && \
	"$$python" -m venv --without-pip $(VENV) && "$$python" -m venv $(VENV)/.uv
	$(PIP) --requirement requirements/uv.txt
	touch $@

$(VENV)/.demo: requirements/demo.txt pyproject.toml sandbox/pyproject.toml $(VENV)/.uv/.made
	$(SYNC) --requirement requirements/demo.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline --editable . --editable sandbox
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.demo
	$(SYNC) --requirement requirements/dev.txt
	touch $@
