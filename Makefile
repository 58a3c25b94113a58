# One command shows the whole product: make demo. One runs all the checks: make test.
# Both install what they need on Debian or Ubuntu with Go; see README.

SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO      ?= go
BIN     := bin
# more for `go test`, as in make test TESTFLAGS=-v
TESTFLAGS ?=
export CGO_ENABLED ?= 0

SUDO     := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: help demo build test check unit race journeys fuzz bench generate tools setup clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: build ## the whole product on made-up books, at http://127.0.0.1:8080
	@$(BIN)/portal demo

build: ## the program, bin/portal
	@mkdir -p $(BIN)
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN)/portal .

test: setup check race journeys ## everything CI runs, with what it needs installed first
	@echo "make test: all passed"

# a browser, PDF tools, and a C compiler for the race detector
setup: ## install the browser and the PDF tools the tests need (apt)
	@missing=()
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
	command -v pdftotext >/dev/null || missing+=(poppler-utils)
	command -v qpdf >/dev/null || missing+=(qpdf)
	command -v gcc >/dev/null || missing+=(gcc libc6-dev)
	if [ $${#missing[@]} -gt 0 ]; then
	  echo "installing: $${missing[*]}"
	  $(SUDO) apt-get update -qq
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends "$${missing[@]}" >/dev/null
	fi

tools: $(BIN)/sqlc $(BIN)/staticcheck
# one build makes both; it takes minutes the first time and is cached afterwards
$(BIN)/sqlc $(BIN)/staticcheck &: .tools/go.mod .tools/go.sum
	@mkdir -p $(BIN)
	echo "building sqlc and staticcheck, which takes minutes the first time"
	$(GO) -C .tools build -o ../$(BIN)/ github.com/sqlc-dev/sqlc/cmd/sqlc honnef.co/go/tools/cmd/staticcheck

generate: $(BIN)/sqlc ## make the queries into Go
	$(BIN)/sqlc generate

check: tools ## gofmt, vet, staticcheck, sqlc diff, go.mod
	@unformatted=$$(gofmt -l $$(git ls-files '*.go'))
	[ -z "$$unformatted" ] || { echo "not formatted: $$unformatted"; exit 1; }
	$(GO) vet ./...
	# ST1005: some errors are whole sentences, shown to people beside a field
	$(BIN)/staticcheck -checks inherit,-ST1005 ./...
	$(BIN)/sqlc diff
	$(GO) mod tidy -diff

unit: ## the tests without a browser, quickly
	$(GO) test $(TESTFLAGS) ./... -skip '^TestJourney'

# The kill matrix starts the program some three hundred times, which the race
# detector only makes slower: it runs beside the journeys.
WHOLE := ^TestJourney|^TestKillMatrix

race: ## the tests without a browser, with the race detector
	CGO_ENABLED=1 $(GO) test -race -timeout 60m $(TESTFLAGS) ./... -skip '$(WHOLE)'

journeys: ## the whole program in a real browser, and killed at each of its steps
	$(GO) test -timeout 40m -count=1 $(TESTFLAGS) -run '$(WHOLE)' .

fuzz: ## half a minute for each fuzz test
	for p in $$($(GO) list ./...); do
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do
	    $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime 30s $$p
	  done
	done

bench: ## what a page costs, and a load run beside a bare page
	$(GO) test -run '^$$' -bench . -benchmem ./...

clean: ## remove what was built
	rm -rf $(BIN)
