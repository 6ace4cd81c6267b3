# Everything here needs Go, gcc (for the race detector), git and make; `make
# proto` also needs protoc. Only the Go module proxy is asked for anything.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

RECONSIM := bin/reconsim
CORPUS   := $(shell find scenarios -name '*.yaml' -not -path '*/testdata/*' | sort)
# Real files cannot lose power, `make kill-loop` kills a process instead; and real
# time has no order that could be repeated.
CORPUS_LOCAL := $(filter-out scenarios/process/% scenarios/found/%,$(CORPUS))
RUN_FLAGS ?=

# Packages whose code runs in several goroutines at once. The race detector
# costs a second build of all dependencies, so `make test` keeps to these.
CONCURRENT := ./faults/... ./fake_om/server ./recon/env ./recon/generation ./recon/swap \
	./recon/staging ./recon/omsync ./recon/controller ./recon/api ./sim/check ./sim/world

# Targets that `make test` fuzzes, as PACKAGE:TARGET; `make fuzz` finds all.
FUZZ_BRIEF := recon/omdb:FuzzRow recon/rocksdb:FuzzBatchWalk recon/rocksdb:FuzzManifest \
	recon/omsync:FuzzExtract scenarios:FuzzScenario faults/plan:FuzzPlan
FUZZ_ALL = $(shell grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' recon fake_om faults scenarios reports sim \
	| sed -E 's|/[^/]+:func |:|' | sort)
# Counts and not times: at the end of a time go test may report the deadline
# itself as a failure of the target (go.dev/issue/75804).
FUZZTIME ?= 500000x
BENCHTIME ?= 1s
N ?= 100000

# $(call fuzz,PACKAGE:TARGET...,TIME) stops at the first finding. A target that
# is gone counts as a failure, go test alone would pass.
define fuzz
	for each in $(1); do \
		package=$${each%:*} target=$${each#*:}; \
		grep -qE "^func $$target\(" $$package/*_test.go || { echo "no $$target in $$package" >&2; exit 1; }; \
		echo "fuzz ./$$package $$target $(2)"; \
		out=$$(go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(2) -fuzzminimizetime=5x ./$$package 2>&1) || { echo "$$out" >&2; exit 1; }; \
		tail -n 1 <<<"$$out"; \
	done
endef

.PHONY: help build run serve corpus simulate explore crashes certify broken kill-loop load load-slope rapid docker test-containers rule test check-format vet unit race fuzz-brief validate fuzz lint bench proto clean

##@ Watch it

run: build ## the main story, local tier, 200,000 keys: half a minute
	$(RECONSIM) run scenarios/first-light.yaml --tier local $(RUN_FLAGS)

serve: build ## Recon and three fake OMs with live traffic, until Ctrl-C
	$(RECONSIM) serve $(RUN_FLAGS)

corpus: build ## the scenarios on real files, HTTP and time; those of process/ and found/ need the simulator
	$(RECONSIM) run $(CORPUS_LOCAL) --tier local $(RUN_FLAGS)

simulate: build ## every scenario of scenarios/ on virtual time, repeatable from a seed
	$(RECONSIM) run $(CORPUS) --tier sim $(RUN_FLAGS)

explore: build ## one minute of executions, each in another order, guided by what they cover
	$(RECONSIM) explore scenarios/swap/smooth.yaml --for 60s $(RUN_FLAGS)

crashes: build ## crash a rebuild at every disk operation, and the recovery too: two minutes
	$(RECONSIM) crashes scenarios/swap/smooth.yaml --depth 2 $(RUN_FLAGS)

##@ Trust it

test: check-format vet unit race fuzz-brief validate ## all that CI demands

broken: build ## plant mistakes in the engine: does the property named for it see each?
	$(RECONSIM) selftest

# RUNS double runs of each scenario, with both processes to themselves and then beside
# others that keep every processor busy.
certify: build ## is a seed everything? RUNS (50) double runs of each scenario in two processes
	$(RECONSIM) certify $(CORPUS) -n $(or $(RUNS),50)
	$(RECONSIM) certify $(CORPUS) -n 6 --seed 1000 --busy

rapid: ## draw whole scenarios for RAPID_TIME (10m) and run each; what fails is shrunk and kept
	RAPID_TIME=$(or $(RAPID_TIME),10m) go test ./sim/explore -run '^TestDrawnScenarios$$' -count=1 -timeout 24h -v | { grep -v -e '--- PASS' -e '=== ' -e 'OK, passed' || true; }

kill-loop: build ## kill Recon 20 times at moments nobody chose: is a whole generation served after each?
	$(RECONSIM) kill-loop --times 20

# What they run exits with 3 where no engine answers; make itself then says
# "Error 3" and exits with 2, as it does after every failure.
docker: build ## make a container engine answer: as root, install and start Debian's docker.io
	@sim/crash/container/engine.sh $(RECONSIM) kill-loop --container --probe

# An image FROM scratch has no libraries, so the program brings its own.
test-containers: build ## kill Recon in containers in mid-rebuild; needs an engine (make docker)
	@$(RECONSIM) kill-loop --container --probe
	CGO_ENABLED=0 go build -o bin/reconsim-static ./sim/reconsim
	bin/reconsim-static kill-loop --container --times 6 --keys 20000

load: build ## rebuild from 2 million keys under readers, and measure it
	$(RECONSIM) load --keys 2000000 --readers 4 --thresholds 'peak-rss <= 512MiB' $(RUN_FLAGS)

# Each run is a process of its own: memory that one has had stays resident.
load-slope: build ## does memory grow with the number of keys? 4 million against 1 million, at most 1.15 times
	@rss() { out=$$($(RECONSIM) load --keys $$1 --readers 4 --seed 7 --json) || { echo "$$out"; exit 1; }; \
		awk -F'[:,]' '/"peakRSSBytes"/ { print $$2 + 0 }' <<<"$$out"; }; \
	small=$$(rss 1000000); large=$$(rss 4000000); \
	awk -v s="$$small" -v l="$$large" 'BEGIN { \
		if (s <= 0 || l <= 0) { print "no memory was measured"; exit 1 } \
		printf "peak RSS %.0f MiB at 1 million keys, %.0f MiB at 4 million: %.2f times, at most 1.15\n", s / 2^20, l / 2^20, l / s; \
		exit l / s > 1.15 }'

rule: ## deltas against rebuilds on N (100000) random workloads, ten minutes; a failure is written as a set
	go test ./sim/conform -run '^TestRule$$' -rapid.checks=$(N) -timeout 24h -v

fuzz: ## every fuzz target, FUZZTIME (500000x) inputs each; new inputs that fail land in testdata/fuzz
	@$(call fuzz,$(FUZZ_ALL),$(FUZZTIME))

lint: ## golangci-lint, pinned in tools.mod
	go tool -modfile=tools.mod golangci-lint run

bench: ## benchmarks with allocations; BENCHTIME (1s) for each
	@packages=$$(grep -rlE --include='*_test.go' '^func Benchmark' recon fake_om faults scenarios reports sim | xargs -n1 dirname | sort -u | sed 's|^|./|'); \
		go test -run='^$$' -bench=. -benchmem -benchtime=$(BENCHTIME) $$packages

##@ Change it

build: ## bin/reconsim
	go build -o $(RECONSIM) ./sim/reconsim

proto: ## recon/ozonepb from its .proto files; needs protoc
	@command -v protoc >/dev/null || { echo "make proto needs protoc (Debian: protobuf-compiler)" >&2; exit 1; }
	go build -modfile=tools.mod -o bin/ google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
	PATH="$(CURDIR)/bin:$$PATH" protoc --proto_path=recon/ozonepb/proto \
		--go_out=recon/ozonepb --go_opt=paths=source_relative \
		--go-grpc_out=recon/ozonepb --go-grpc_opt=paths=source_relative \
		recon/ozonepb/proto/*.proto

clean: ## bin/ and runs/
	rm -rf bin runs

##@ The parts of test

check-format: ## gofmt has nothing to say
	@files=$$(gofmt -l faults fake_om recon reports scenarios sim); \
		[ -z "$$files" ] || { echo "gofmt -w these:" $$files >&2; exit 1; }

vet: ## go vet
	go vet ./...

unit: ## every test
	go test -timeout 5m ./...

race: ## the packages with goroutines, under the race detector
	go test -race -timeout 8m $(CONCURRENT)

fuzz-brief: ## the parsers of bytes from outside, 20,000 inputs each
	@$(call fuzz,$(FUZZ_BRIEF),20000x)

validate: build ## every scenario of the corpus is well-formed
	@$(RECONSIM) validate $(CORPUS)

help:
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "Start with make run; RUN_FLAGS='--seed 7' adds flags to it. bin/reconsim --help goes on."
