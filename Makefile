# SPDX-FileCopyrightText: connwatch contributors
# SPDX-License-Identifier: Apache-2.0

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=
# How many inputs `make fuzz` tries on each target.
RUNS ?= 10000000
# `make run ARGS='list -tulpn'` runs that command instead of the demonstration; bench and guard take theirs here too.
ARGS ?=
# How long `make soak` looks at what runs on end; MINUTES=30 says it in minutes.
HOURS ?= 1
MINUTES ?= $(shell echo $$(($(HOURS) * 60)))
# `make PIE=1` builds a binary that can lie anywhere in memory. Without, it starts half a millisecond sooner: there is no
# address in it to be corrected, in 140 pages.
PIE ?=

BINARY := .build/release/connwatch
BENCHKIT := Benchmarks/.build/release/benchkit
ARCHIVES := $(CURDIR)/.build/archives
LINKING := -Xlinker -L$(ARCHIVES) $(if $(PIE),,-Xlinker -no-pie)
STATE := /var/lib/connwatch
FORMATTED := $(wildcard Package.swift Sources Tests Fuzz Benchmarks)

.DEFAULT_GOAL := build
.PHONY: build run install uninstall test test-asan test-tsan build-tests soak bench guard build-bench lint format fuzz clean help setup setup-test setup-bench
# One thing after the other: SwiftPM uses all cores by itself, and two of them would wait for each other's lock.
.NOTPARALLEL:

# No library is looked for beside the binary: whoever may write there would otherwise choose what root runs.
# Under sudo there may be no swift on PATH: what was built before is then taken as it is.
build: ## Build .build/release/connwatch, which needs no Swift to run (what `make` alone does)
	@if command -v $(SWIFT) >/dev/null 2>&1 || [ ! -x $(BINARY) ]; then \
	  Scripts/setup.sh build && Scripts/archives.sh $(ARCHIVES) && set -x && \
	  PKG_CONFIG_PATH="$(ARCHIVES):$$PKG_CONFIG_PATH" \
	    $(SWIFT) build -c release --static-swift-stdlib --disable-local-rpath --product connwatch $(LINKING); \
	fi

run: build ## Record this machine's sockets for 30 s and show what was seen; ARGS='list -tulpn' runs that instead
ifeq ($(strip $(ARGS)),)
	@Scripts/demo.sh $(BINARY)
else
	@$(BINARY) $(ARGS)
endif

install: build ## Install a binary that needs no Swift, and the man pages (PREFIX, DESTDIR)
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 0755 $(BINARY) "$(DESTDIR)$(PREFIX)/bin/connwatch"
	strip "$(DESTDIR)$(PREFIX)/bin/connwatch"
	@for page in docs/man/*.1; do \
	  [ -e "$$page" ] || continue; \
	  install -d "$(DESTDIR)$(PREFIX)/share/man/man1" && \
	  install -m 0644 "$$page" "$(DESTDIR)$(PREFIX)/share/man/man1/" || exit; \
	done
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" -eq 0 ] && [ ! -d $(STATE) ]; then \
	  install -d -m 0750 $(STATE); \
	fi

uninstall: ## Remove what install installed; recordings stay
	rm -f "$(DESTDIR)$(PREFIX)/bin/connwatch"
	@for page in docs/man/*.1; do rm -f "$(DESTDIR)$(PREFIX)/share/man/man1/$${page##*/}"; done
	@if [ -z "$(DESTDIR)" ] && [ -d $(STATE) ]; then \
	  echo "recordings stay in $(STATE)"; \
	fi

test: setup-test lint build-tests ## Check the format, build with warnings as errors, fuzz a little, run every test, then guard
	@Scripts/fuzz.sh 20000
	@SWIFT=$(SWIFT) Scripts/test.py
	@$(MAKE) --no-print-directory guard ARGS=

# Optimised: the tests that try thousands of orders of events take hours without.
test-asan: setup-test ## Run every test with the address sanitizer; ARGS='--filter NAME' some
	$(SWIFT) build --build-tests --sanitize address --scratch-path .build/asan -Xswiftc -O
	@SWIFT=$(SWIFT) Scripts/test.py --sanitize address $(ARGS)

test-tsan: setup-test ## Run every test with the thread sanitizer, whose reports are looked for; ARGS='--filter NAME' some
	$(SWIFT) build --build-tests --sanitize thread --scratch-path .build/tsan -Xswiftc -O
	@SWIFT=$(SWIFT) Scripts/test.py --sanitize thread $(ARGS)

# The long forms of all suites that have one, and then hours on end; with the binary that people run.
soak: setup-test build build-tests ## Break things for long, and see whether anything grows that runs for HOURS (1) or MINUTES
	CONNWATCH_SOAK=1 CONNWATCH_BINARY=$(CURDIR)/$(BINARY) $(SWIFT) test --skip-build --filter \
	  "$$(grep -rlF 'Effort.' Tests --include='*Tests.swift' | sed 's|.*/|/|; s|\.swift$$|/|' | paste -sd '|')"
	Scripts/soak.py --minutes $(MINUTES)

build-tests: setup
	$(SWIFT) build --build-tests

bench: setup-bench build build-bench ## Measure connwatch beside ss, netstat, lsof, psutil and C, and its budgets; ARGS='--quick'
	@python3 Benchmarks/bench.py $(ARGS)

guard: build build-bench ## Count the instructions of fixed work, and say what takes more than it did; ARGS=--record
	@python3 Benchmarks/guard.py $(ARGS)

build-bench:
	@if command -v $(SWIFT) >/dev/null 2>&1 || [ ! -x $(BENCHKIT) ]; then \
	  set -x && $(SWIFT) build --package-path Benchmarks -c release --static-swift-stdlib; \
	fi

lint: ## Check the format of every Swift file
	$(SWIFT) format lint --strict --recursive $(FORMATTED)

format: ## Rewrite every Swift file in the format that lint wants
	$(SWIFT) format --in-place --recursive $(FORMATTED)

fuzz: setup ## Fuzz each target with RUNS inputs (10,000,000)
	@Scripts/fuzz.sh $(RUNS)

clean: ## Remove everything that was built
	rm -rf .build .fuzz Benchmarks/.build

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup:
	@Scripts/setup.sh build

setup-test:
	@Scripts/setup.sh test

setup-bench:
	@Scripts/setup.sh bench
