# The same commands that CI runs. `make demo` and `make test` work on a fresh clone with python3 >= 3.11.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SDKS := .venv-sdks
SDKS_STAMP := $(SDKS)/.installed

FUZZ_EXAMPLES ?= 50

.PHONY: demo test test-providers test-frameworks coverage-page services sdk-examples sdk-matrix sdk-releases neighbours check install bench clean catalog recordings lock provider-tables provider-matrix collector dashboards dialects broker durability fuzz-api

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "submeter needs Python 3.11 or newer; run: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (the embedded database is a download of 170 MB, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(SDKS_STAMP): requirements-sdks.lock pyproject.toml
	@test -x $(SDKS)/bin/python || $(PYTHON) -m venv $(SDKS)
	@echo "Installing every metered SDK into $(SDKS) (150 MB, once) ..."
	@$(SDKS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-sdks.lock
	@$(SDKS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)
	@$(BIN)/python examples/demo.py

test: $(STAMP)
	@$(BIN)/python -m pytest -q

# Every metered SDK on a loopback server, in an environment of its own; a missing SDK fails instead of being skipped.
test-providers: $(SDKS_STAMP)
	@SUBMETER_TEST_SDKS=1 $(SDKS)/bin/python -m pytest -q tests/providers tests/recordings/test_sdk_recordings.py

# Oldest and newest supported release of every SDK, each in a throw-away environment; needs uv; ONLY="groq cohere" for some.
sdk-matrix: $(STAMP)
	@$(BIN)/python -m tools.sdk_matrix $(ONLY)

# Every framework above the SDKs, oldest and newest release, each in an environment of its own under build/frameworks.
AGE ?= both
test-frameworks: $(STAMP)
	@$(BIN)/python -m tools.framework_matrix --age $(AGE) $(ONLY)

# Recorded provider traffic is no part of the project: give a folder of it, as in `make recordings RECORDINGS=path`.
recordings: $(SDKS_STAMP)
	@test -n "$(RECORDINGS)" || { echo "no folder given; run: make recordings RECORDINGS=path/to/recordings"; exit 1; }
	@SUBMETER_TEST_RECORDINGS="$(abspath $(RECORDINGS))" $(SDKS)/bin/python -m pytest -q --timeout=1800 tests/recordings

# The tests of the first two SDKs with older releases of them, each in an environment of its own under build/.
sdk-releases: $(STAMP)
	@PYTHONPATH=src $(BIN)/python -m tools.sdk_releases

# Other instrumentations beside ours, each in an environment of its own under build/; needs uv.
neighbours: $(STAMP)
	@PYTHONPATH=src $(BIN)/python -m tools.neighbours

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@$(BIN)/lint-imports

# The price table of the next release, from its public sources; the result is committed.
catalog: $(STAMP)
	@PYTHONPATH=src $(BIN)/python -m tools.catalog

# The tables of metered SDKs in README.md and docs/providers.md, from the rows of PROVIDERS; the result is committed.
provider-tables: $(STAMP)
	@PYTHONPATH=src $(BIN)/python -m tools.provider_table

# The tables of docs/coverage.md: methods, shapes and attributes of the first two SDKs; the result is committed.
coverage-page: $(STAMP)
	@PYTHONPATH=src:tests:. $(BIN)/python tests/coverage_page.py $(ONLY)

# Two services over HTTP with OpenTelemetry's own instrumentations, in an environment of its own under build/.
SERVICES := build/services
services:
	@test -x $(SERVICES)/bin/pytest || { $(PYTHON) -m venv $(SERVICES) && $(SERVICES)/bin/python -m pip install --quiet --disable-pip-version-check -e . openai httpx uvicorn hypothesis pytest pytest-asyncio pytest-randomly pytest-timeout $(addprefix opentelemetry-instrumentation-,asgi httpx urllib wsgi); }
	@$(SERVICES)/bin/python -m pytest -q tests/distro/test_two_services.py

# The examples that come with the first two SDKs, without submeter and with it; fetched into build/, never committed.
sdk-examples: $(STAMP)
	@PYTHONPATH=src:tests $(BIN)/python -m tools.sdk_examples

# The table of how each SDK was called in docs/providers.md, from the tests; the result is committed.
provider-matrix: $(SDKS_STAMP)
	@$(SDKS)/bin/python -m tools.provider_matrix

# The dashboards that Grafana and submeter's page show, from tools/dashboards; the result is committed.
dashboards: $(STAMP)
	@PYTHONPATH=src $(BIN)/python -m tools.dashboards

# The OpenTelemetry Collector of the production pipelines, with Go; MANIFEST=full adds Kafka and tail sampling.
MANIFEST ?= lean
collector:
	@nice $(PYTHON) -m collector.build $(MANIFEST)

# A real Kafka broker for the test of kafka.yaml, with Java and Maven; without it that test is skipped.
broker:
	@mvn --quiet --batch-mode --file tests/collector/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory="$(CURDIR)/collector/dist/kafka"

# The real emissions of other instrumentations, each in an environment of its own, through the collector into the store.
dialects: $(STAMP) collector
	@nice $(BIN)/python -m bench.dialects

# The collector's outages and kills, again and again, the server away for a while: make durability TIMES=20 OUTAGE=60
TIMES ?= 10
OUTAGE ?= 0
durability: $(STAMP) collector
	@for time in $$(seq $(TIMES)); do SUBMETER_TEST_OUTAGE_S=$(OUTAGE) $(BIN)/python -m pytest -q tests/collector/test_durability.py tests/collector/test_clickhouse.py || exit 1; done

# The lock files, after a change of pyproject.toml; needs uv.
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --no-header
lock:
	$(COMPILE) --extra server --group dev -o requirements.lock
	$(COMPILE) --group sdks -o requirements-sdks.lock

bench: $(STAMP)
	@$(BIN)/python bench/catalog.py

# Telemetry made up, whole and damaged, into a real store; CI does the same with fewer.
.PHONY: fuzz
fuzz: $(STAMP)
	@$(BIN)/python -m pytest -q tests/server/test_fuzz.py tests/server/test_body.py tests/server/test_clickhouse_fuzz.py tests/store/test_ranking_property.py --hypothesis-profile=fuzz --timeout=3600 -o faulthandler_timeout=3600

# Requests made up from the OpenAPI document against a server of its own; needs schemathesis (pipx install schemathesis).
fuzz-api: $(STAMP)
	@$(BIN)/python bench/fuzz_api.py $(FUZZ_EXAMPLES)

clean:
	rm -rf $(VENV) $(SDKS) build dist .pytest_cache .ruff_cache .import_linter_cache
