# `make` or `make help` lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION  := $(shell sed -n 's/^const Version = "\(.*\)"/\1/p' countersign.go)
MODULES   = $(shell go list -m -f '{{.Dir}}')
FUZZTIME ?= 30s

# The size of the proofs: full is what the documentation claims and takes minutes,
# tests is that of go test, short that of go test -short.
COUNTERSIGN_PROOF ?= full

# The vendors' specifications are theirs and not part of this repository.
COUNTERSIGN_SPECS ?= $(wildcard $(abspath ../shared/providers))
ifneq ($(COUNTERSIGN_SPECS),)
export COUNTERSIGN_SPECS
endif

# prove runs tests and benchmarks and prints the figures that they report; when
# one fails, all that it printed.
prove = out=$$(COUNTERSIGN_PROOF=$(COUNTERSIGN_PROOF) go test -count=1 -v -timeout 30m $(if $(filter short,$(COUNTERSIGN_PROOF)),-short) $(1) 2>&1) || { echo "$$out"; exit 1; }; grep -oE 'proof: .*|conformance: .*|--- SKIP: .*' <<<"$$out"

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: ## Run all tests of all modules
	go test work

.PHONY: race
race: ## Run all tests in random order under the race detector
	go test -race -short -shuffle=on work

.PHONY: lint
lint: ## Check format, vet, staticcheck and, where it is installed, golangci-lint
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet work
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 work
	if command -v golangci-lint >/dev/null; then for dir in $(MODULES); do (cd "$$dir" && golangci-lint run); done; fi

.PHONY: api
api: ## Write down the exported API as it is now, after a change that is meant
	go test ./internal/policy -run 'TestAPI$$' -update

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZTIME (default 30s)
	FUZZTIME=$(FUZZTIME) .ci/run fuzz

.PHONY: cover
cover: ## Measure test coverage of the root module into coverage.out
	go test -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -func=coverage.out | tail -n 1

.PHONY: bench
bench: ## Run all benchmarks
	go test -run '^$$' -bench . -benchmem work

.PHONY: proof
proof: proof-ledgersync proof-cloudsign proof-docusign proof-digipost proof-activecampaign proof-envelopesync proof-salelink proof-engine ## Print the figures that the documentation claims, all topics

.PHONY: proof-ledgersync
proof-ledgersync: ## Print the figures of the ledger sync: crashes, also in review mode and through a gateway, full disk, calls, speed, memory
	@$(call prove,-parallel 1 -run LedgerSync -bench LedgerSync -benchtime 1x ./examples/proof)

.PHONY: proof-cloudsign
proof-cloudsign: ## Print the figures of the CloudSign client: conformance, contract, listings, memory
	@$(call prove,-run CloudSign -bench CloudSign -benchtime 20x ./cloudsign ./internal/conformance)

.PHONY: proof-docusign
proof-docusign: ## Print the figures of the DocuSign client: conformance, refreshes, the receiver's cost
	@out=$$(go test -count=1 -v -run 'TestDocuSign$$' ./internal/conformance 2>&1) || { echo "$$out"; exit 1; }; grep -oE '^conformance: docusign .*|--- SKIP.*' <<<"$$out"
	@out=$$(go test -count=1 -v -run 'HundredGoroutines|TestContract|TestStandardFailures|TestSamples|Receiver' -bench ConnectAccept -benchmem ./docusign 2>&1) \
		|| { echo "$$out"; exit 1; }; grep -oE 'proof: .*|^Benchmark.* ns/op.*|^    --- SKIP.*' <<<"$$out"

.PHONY: proof-digipost
proof-digipost: ## Print the figures of the sender onboarding: attacks, secrets, browsers, stores, schema, contract
	@$(call prove,-run 'Digipost|SecretsStayOut' ./digipost ./orchestration/senderonboarding ./examples/proof)
	@out=$$(go test -count=1 -v -run '^Test(VendorVector|CanonicalTexts|ContentHashes|AnswersAreChecked)$$' ./digipost 2>&1) || { echo "$$out"; exit 1; }; \
	echo "proof: digipost client tests=$$(grep -c '^--- PASS' <<<"$$out") cases=$$(grep -c '^ *--- PASS' <<<"$$out")"; grep -oE -- '--- SKIP: .*' <<<"$$out" || true

.PHONY: proof-envelopesync
proof-envelopesync: ## Print the figures of the envelope sync: storm, limit, accepted messages
	@$(call prove,-parallel 1 -run EnvelopeSync -bench EnvelopeSync -benchtime 1x ./examples/proof)

.PHONY: proof-activecampaign
proof-activecampaign: ## Print the figures of the ActiveCampaign client: conformance, contract
	@$(call prove,-run 'ActiveCampaign$$|SentTwice' ./activecampaign ./internal/conformance)

# Killed processes hold their lanes for up to two minutes, so the full size, which
# takes half an hour, has to be asked for.
.PHONY: proof-engine
proof-engine: COUNTERSIGN_PROOF := $(if $(filter file,$(origin COUNTERSIGN_PROOF)),tests,$(COUNTERSIGN_PROOF))
proof-engine: ## Print the figures of the engine for several processes (COUNTERSIGN_POSTGRES names a server; COUNTERSIGN_PROOF=full: all): races, kills, restarts, updates, speed
	@$(call prove,-run 'Race' ./orchestration/riverengine)
	@$(call prove,-parallel 1 -run Engine -bench Engine -benchtime 1x ./examples/proof)

.PHONY: proof-salelink
proof-salelink: ## Print the figures of the sale link: crashes, calls of change detection
	@$(call prove,-parallel 1 -run SaleLink ./examples/proof)

.PHONY: conformance
conformance: ## Check requests and fakes against the vendors' specifications (COUNTERSIGN_SPECS)
	@out=$$(go test -count=1 -v ./internal/conformance/... 2>&1) || { echo "$$out"; exit 1; }; \
	grep -oE 'conformance: .*|--- SKIP.*' <<<"$$out"

.PHONY: tidy-check
tidy-check: ## Check that each go.mod is tidy without the workspace
	@for dir in $(MODULES); do (cd "$$dir" && GOWORK=off go mod tidy -diff); done

.PHONY: release
release: ## Print the commands that release the version of countersign.go
	@echo "git tag -a v$(VERSION) -m 'Countersign $(VERSION)' && git push origin v$(VERSION)"
	@for dir in orchestration/sqlite orchestration/postgres orchestration/riverengine; do \
		echo "git tag -a $$dir/v$(VERSION) -m 'Countersign $$dir $(VERSION)' && git push origin $$dir/v$(VERSION)"; done

.PHONY: ci
ci: ## Run the whole check as it runs before a change is accepted (Debian, root)
	.ci/run
