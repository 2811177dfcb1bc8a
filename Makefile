SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# The parts of "test" run in the order in which they stand, also with -j.
.NOTPARALLEL:

MODULE := github.com/rasphone-exporter/rasphone_exporter
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
PROMTOOL := github.com/prometheus/prometheus/cmd/promtool@v0.316.0
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2
BENCHSTAT := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

# What --version prints. All of it comes from the commit and its tags: two releases of one
# commit with the same tags, made with the same versions of Go, gzip and zip, are identical.
# The branch stays empty: a commit does not know it, and a checked out tag has none.
# Symbol table and debug information (-s and -w leave them out) are a quarter of the file;
# stack traces do not need them.
VERSION    ?= $(shell git describe --tags --always --dirty --abbrev=12 2>/dev/null | sed 's/^v//')
REVISION   ?= $(shell git rev-parse HEAD 2>/dev/null)
BUILD_USER ?= make
COMMIT_TIME ?= $(shell git log -1 --format=%ct 2>/dev/null)
BUILD_DATE ?= $(shell TZ=UTC0 git log -1 --date=format-local:%Y%m%d-%H:%M:%S --format=%cd 2>/dev/null)

version_package := github.com/prometheus/common/version
ldflags = -s -w \
	-X $(version_package).Version=$(or $(VERSION),unknown) \
	-X $(version_package).Revision=$(or $(REVISION),unknown) \
	-X $(version_package).BuildUser=$(BUILD_USER) \
	-X $(version_package).BuildDate=$(or $(BUILD_DATE),unknown)

release = VERSION='$(or $(VERSION),unknown)' LDFLAGS='$(ldflags)' SOURCE_DATE_EPOCH='$(COMMIT_TIME)' .ci/release

# What "release" builds for, and where it puts the archives.
RELEASE_PLATFORMS ?= linux/amd64 linux/arm64 windows/amd64 windows/arm64 darwin/amd64 darwin/arm64
RELEASE_FOLDER ?= bin/release

# How long "fuzz" runs each target, and how many inputs "test" gives it.
FUZZTIME ?= 10m
TEST_FUZZTIME ?= 5000x
# How long "soak" runs.
SOAK_TIME ?= 10m
# How often "bench" runs each benchmark; benchstat wants ten or so.
BENCH_COUNT ?= 10
# How many targets "bench-scale" has, and for how long memory has to stay flat.
SCALE_TARGETS ?= 10000
SCALE_TIME ?= 10m
BENCH_FILE ?= bin/bench-$(or $(VERSION),unknown).txt

# How many servers "bench-rules" makes up.
SERVERS ?= 10000

# Where Grafana is, for the links of alerts.
GRAFANA ?= http://localhost:3000
RULE_FILES ?= dashboards/rules/alerts.yml dashboards/example/kubernetes/prometheusrule.yaml

.PHONY: help
help: ## print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build ./rasphone_exporter, one static file
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(ldflags)' -o rasphone_exporter ./cmd/rasphone_exporter

.PHONY: test
test: test-programs test-format test-vet test-staticcheck test-modules test-go test-packages test-fuzz ## all checks; stops at the first that fails

.PHONY: test-programs
test-programs: ## install the programs that the tests start (Debian: apt-get)
	@echo '== programs that the tests start'
	@.ci/test-programs

.PHONY: test-format
test-format: ## gofmt
	@echo '== gofmt'
	@unformatted=$$(gofmt -l .); \
	if [[ -n $$unformatted ]]; then \
		echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; \
	fi

.PHONY: test-vet
test-vet: ## go vet
	@echo '== go vet'
	@go vet ./...

.PHONY: test-staticcheck
test-staticcheck: ## staticcheck
	@echo '== staticcheck'
	@go run $(STATICCHECK) ./...

.PHONY: test-modules
test-modules: ## the modules are the ones of go.sum, and go.mod lists what is used
	@echo '== go mod verify, go mod tidy'
	@go mod verify
	@go mod tidy -diff || { echo 'go.mod or go.sum is not tidy: run go mod tidy'; exit 1; }

# The time limit only ends what hangs: on a busy machine the tests take several times as long.
.PHONY: test-go
test-go: ## all tests, with the race detector; a skipped test is a failure
	@echo '== go test'
	@go test -v -race -shuffle=on -parallel 4 -p 3 -timeout 30m ./... 2>&1 | awk -f .ci/test-summary.awk

# The tests are for Unix, so go vet gets the files without them.
.PHONY: test-packages
test-packages: ## it builds for Windows, with the code of the service
	@echo '== go vet for Windows'
	@GOOS=windows CGO_ENABLED=0 go vet $$(GOOS=windows CGO_ENABLED=0 go list -f '{{range .GoFiles}}{{$$.Dir}}/{{.}} {{end}}' ./cmd/rasphone_exporter)

.PHONY: release
release: ## archives, bills of materials and checksums for RELEASE_PLATFORMS, each built twice and compared
	@$(release) $(RELEASE_FOLDER) $(RELEASE_PLATFORMS)

.PHONY: test-long
test-long: ## what takes too long for test: long event logs, all faults at all messages, 6,000 hostile sessions, 4,400 mixtures of failing logins, the rules with Prometheus 3
	@echo '== go test, build tag long'
	@go test -race -tags long -run Long -timeout 120m ./smbprobe/prober ./dashboards
	@go test -tags long -run Long ./smbprobe/lockout
	@echo '== rules with Prometheus 3'
	@GOBIN='$(CURDIR)/bin' go install -tags remove_all_sd $(PROMTOOL)
	@go test -count 1 -run Promtool ./dashboards -promtool '$(CURDIR)/bin/promtool'

.PHONY: rules
rules: ## write the address of your Grafana into the links of all alerts: make rules GRAFANA=https://grafana.example
	@for file in $(RULE_FILES); do \
		sed -E 's|(dashboard_url: )[^ ]+(/d/rasphone-)|\1$(patsubst %/,%,$(GRAFANA))\2|' "$$file" > "$$file.new"; \
		mv "$$file.new" "$$file"; \
	done

.PHONY: demo
demo: build ## build, and run the exporter with simulated Windows NT servers: http://localhost:10196/
	@exec ./rasphone_exporter demo

.PHONY: soak
soak: ## 500 simulated servers and faults at random for SOAK_TIME (10m); memory has to stay flat
	@echo '== go test, build tag soak'
	@go test -tags soak -run Soak -v -timeout 30m ./internal/simnt/fleet -soak.duration $(SOAK_TIME)

.PHONY: test-fuzz
test-fuzz: ## each fuzz target with TEST_FUZZTIME inputs (5000x)
	@echo '== fuzz targets, $(TEST_FUZZTIME) each'
	@.ci/fuzz $(TEST_FUZZTIME)

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (10m)
	@.ci/fuzz $(FUZZTIME)

.PHONY: lint
lint: ## golangci-lint, which the first time takes minutes to build
	@go run $(GOLANGCI_LINT) run

.PHONY: bench
bench: ## all benchmarks, into a file that benchstat compares
	@mkdir -p '$(dir $(BENCH_FILE))'
	@go test -run '^$$' -bench . -benchmem -count $(BENCH_COUNT) ./... | tee '$(BENCH_FILE)'
	@echo 'compare two of them: go run $(BENCHSTAT) bin/bench-OLD.txt $(BENCH_FILE)'

# The pictures are in dashboards/shots/build.
.PHONY: dashboards-shots
dashboards-shots: ## draw the dashboards in Chromium with Grafana's own libraries; needs npm, node and chromium
	@cd dashboards/shots && npm install --no-audit --no-fund --ignore-scripts && node bundle.mjs
	@go test -count 1 -tags shots -run Shots -timeout 60m ./dashboards

.PHONY: bench-rules
bench-rules: ## time of rules and panels with SERVERS (10000) made-up servers
	@echo '== go test, build tag bench'
	@go test -count 1 -tags bench -run BenchRules -v -timeout 60m ./dashboards -servers $(SERVERS)

.PHONY: bench-scale
bench-scale: ## SCALE_TARGETS (10000) targets of a real Prometheus, found by /sd, for SCALE_TIME (10m); then hung targets
	@go test -tags scale -run 'TestScale|TestHungTargets' -v -timeout 60m ./internal/benchmarks -scale.targets $(SCALE_TARGETS) -scale.duration $(SCALE_TIME)

.PHONY: bench-peers
bench-peers: ## the work of a probe by the exporter, smbclient, impacket and curl, near and far; and beside blackbox_exporter
	@go test -tags peers -run 'TestPeers|TestProcessorTime' -v -timeout 60m ./internal/benchmarks

.PHONY: clean
clean: ## remove what build and bench made
	rm -rf rasphone_exporter bin dashboards/shots/build
