# SPDX-License-Identifier: Apache-2.0
# License Bridge. `make` builds into build/, `make help` lists the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY: # objects of pattern rules stay, so that a second make has nothing to do

CC      ?= cc
VARIANT ?= release
B       := build/$(VARIANT)
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := $(shell sed -n 's/^\#\# \[\([0-9][^]]*\)\].*/\1/p' CHANGELOG.md 2>/dev/null | head -n 1)

WARN   := -Wall -Wextra -Wconversion -Wshadow -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes \
          -Wpointer-arith -Wcast-qual -Wformat=2 -Wvla -Wundef -Werror
HARDEN := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
OPT_release := -O2 -g $(HARDEN)
OPT_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
OPT_tsan    := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
OPT_fuzz    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
OPT_clang   := -O1 -g
LINK_release := -pie -Wl,-z,relro,-z,now
LINK_asan    := -fsanitize=address,undefined
LINK_tsan    := -fsanitize=thread
LINK_fuzz    := -fsanitize=address,undefined

PQ_CFLAGS := $(shell pkg-config --cflags libpq 2>/dev/null || echo -I/usr/include/postgresql)
CPPFLAGS  += -D_GNU_SOURCE -DBRIDGE_VERSION='"$(or $(VERSION),0.0.0)"' -Iprovisioning -I. -Ibuild/gen $(PQ_CFLAGS)
CFLAGS    := -std=gnu17 $(OPT_$(VARIANT)) $(WARN)
LDFLAGS   += $(LINK_$(VARIANT))

ROOMS := base order store provider dispatch ctl
SRC_base     := $(wildcard provisioning/base/*.c)
SRC_order    := $(wildcard provisioning/order/*.c)
SRC_store    := $(wildcard provisioning/store/*.c)
SRC_provider := $(wildcard provisioning/provider/*.c)
SRC_dispatch := $(wildcard provisioning/dispatch/*.c)
SRC_ctl      := $(wildcard provisioning/ctl/*.c)
SRC_fcgi     := $(wildcard fcgi/*.c fcgi/panels/*.c)
SRC_standin  := $(wildcard tests/standin/*.c)
obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

LIBS_base     := -lconfuse -lcrypto -lsystemd
LIBS_store    := -lpq
LIBS_provider := -lcurl -ljansson -lm

PROGRAMS := $(B)/bridge-fcgi $(B)/bridge-worker $(B)/bridgectl
.PHONY: all programs
all: programs ## the programs, in build/release (VARIANT=asan, tsan, clang …)
programs: $(PROGRAMS)

# The SQL that ships: one C string per statement, and the migrations.
GEN := build/gen/query.h build/gen/query.c build/gen/migration.c
build/gen/query.h build/gen/query.c build/gen/migration.c &: sql/embed.sh $(wildcard sql/query/*.sql sql/migrations/*.sql sql/functions/*.sql sql/views/*.sql) sql/roles.sql
	@mkdir -p build/gen
	bash sql/embed.sh build/gen
$(B)/obj/build/gen/%.o: build/gen/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@
$(B)/obj/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

OBJ_base  := $(call obj,$(SRC_base))
OBJ_order := $(call obj,$(SRC_order))
OBJ_store := $(call obj,$(SRC_store)) $(B)/obj/build/gen/query.o $(B)/obj/build/gen/migration.o
OBJ_provider := $(call obj,$(SRC_provider))
# The parts of dispatch without I/O, for unit tests.
OBJ_dispatch_pure := $(call obj,provisioning/dispatch/breaker.c provisioning/dispatch/notice.c)

$(B)/bridge-fcgi: $(call obj,$(SRC_fcgi)) $(OBJ_store) $(OBJ_order) $(OBJ_base)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lfcgi -ljansson $(LIBS_store) $(LIBS_base)
$(B)/bridge-worker: $(call obj,$(SRC_dispatch)) $(OBJ_provider) $(OBJ_store) $(OBJ_order) $(OBJ_base)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_provider) $(LIBS_store) $(LIBS_base)
$(B)/bridgectl: $(call obj,$(SRC_ctl)) $(OBJ_provider) $(OBJ_store) $(OBJ_order) $(OBJ_base)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_provider) $(LIBS_store) $(LIBS_base)
$(B)/standin: $(call obj,$(SRC_standin))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lfcgi -ljansson -lpthread

# Unit tests: tests/unit/NAME.c becomes build/VARIANT/unit/NAME; fcgi_NAME.c sees the front door,
# ctl_NAME.c bridgectl.
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
$(B)/unit/fcgi_%: $(B)/obj/tests/unit/fcgi_%.o $(call obj,$(filter-out fcgi/main.c,$(SRC_fcgi))) $(OBJ_store) $(OBJ_order) $(OBJ_base)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka -lfcgi -ljansson $(LIBS_store) $(LIBS_base)
# These tests play the database.
$(B)/unit/fcgi_batch: LDFLAGS += -Wl,--wrap=intake_accept -Wl,--wrap=session_send
$(B)/unit/fcgi_waiting: LDFLAGS += -Wl,--wrap=orders_rest -Wl,--wrap=session_ready
$(B)/unit/ctl_%: $(B)/obj/tests/unit/ctl_%.o $(call obj,$(filter-out %/main.c,$(SRC_ctl))) $(OBJ_provider) $(OBJ_store) $(OBJ_order) $(OBJ_base)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_provider) $(LIBS_store) $(LIBS_base)
$(B)/unit/%: $(B)/obj/tests/unit/%.o $(OBJ_dispatch_pure) $(OBJ_provider) $(OBJ_store) $(OBJ_order) $(OBJ_base)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_provider) $(LIBS_store) $(LIBS_base)
.PHONY: units unit standin
units: $(UNIT)
unit: $(UNIT) ## the unit tests of one variant (VARIANT=asan)
	@set -e; for t in $(UNIT); do echo "# $$t"; $$t; done
standin: $(B)/standin

# Programs through which tests/flow drives one room: tests/flow/driver/NAME.c.
$(B)/driver/%: $(B)/obj/tests/flow/driver/%.o $(OBJ_provider) $(OBJ_order) $(OBJ_base)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_provider) $(LIBS_base)

# The simulator: shipped decisions in a simulated world, no I/O.
SRC_sim := $(wildcard tests/sim/*.c)
$(B)/sim: $(call obj,$(SRC_sim) provisioning/provider/verdict.c) $(OBJ_order) $(OBJ_base)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_base)

# Fuzzing: tests/fuzz/NAME.c against tests/fuzz/corpus/NAME.  VARIANT=fuzz CC=clang-14 makes fuzzers,
# any other variant programs that replay the corpus.
FUZZ := $(patsubst tests/fuzz/corpus/%,$(B)/fuzz/%,$(wildcard tests/fuzz/corpus/*))
OBJ_fuzz := $(call obj,tests/fuzz/fuzz.c $(if $(filter fuzz,$(VARIANT)),,tests/fuzz/replay.c))
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(OBJ_fuzz) $(call obj,$(filter-out fcgi/main.c,$(SRC_fcgi))) $(OBJ_provider) $(OBJ_store) $(OBJ_order) $(OBJ_base)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) -o $@ $^ -lfcgi $(LIBS_provider) $(LIBS_store) $(LIBS_base)
.PHONY: fuzzers
fuzzers: $(FUZZ)

# What makes single calls of libc fail in the programs that are tested (LD_PRELOAD; not together with sanitizers).
$(B)/faults.so: tests/faults/faults.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -U_FORTIFY_SOURCE -fPIC -shared -o $@ $<

# What `make bench` measures with: a load generator and a program to be compared with, no product code.
bench_obj = $(patsubst %,$(B)/obj/tests/bench/%.o,$(1))
$(B)/bench/load: $(call bench_obj,load webhook answer histogram)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcrypto
$(B)/bench/ceiling: $(call bench_obj,ceiling)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lfcgi
$(B)/bench/calls: $(call bench_obj,calls)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcurl
.PHONY: bench-programs
bench-programs: $(B)/bench/load $(B)/bench/ceiling $(B)/bench/calls

# What everyone relies on (docs and README name these).
.PHONY: deps demo bench soak bench-ops sim chaos failover fuzz check check-deb deb lint model schema install clean help
deps: ## install the Debian packages that are missing
	@tests/rig/deps check
demo: ## a running bridge with a stand-in upstream; Ctrl-C ends it, CI=true only asserts
	@tests/rig/deps runtime
	@$(MAKE) --no-print-directory -s -j $$(nproc) programs standin
	@VARIANT=$(VARIANT) python3 tests/rig/demo.py
bench: ## how fast and how big, against its limits; BENCH_ROUNDS and BENCH_SECONDS
	@tests/rig/deps bench
	@$(MAKE) --no-print-directory -s -j $$(nproc) programs standin bench-programs
	@VARIANT=$(VARIANT) python3 tests/bench/bench.py
soak: ## half an hour at half the rate that it keeps up with: what grows; SOAK_MINUTES
	@tests/rig/deps bench
	@$(MAKE) --no-print-directory -s -j $$(nproc) programs standin bench-programs
	@VARIANT=$(VARIANT) /usr/bin/python3 tests/bench/soak.py
bench-ops: ## how long the operators' views take on a large set; ORDERS, ROUNDS
	@tests/rig/deps check
	@$(MAKE) --no-print-directory -s -j $$(nproc) programs
	@VARIANT=$(VARIANT) /usr/bin/python3 tests/bench/ops_bench.py
sim: $(B)/sim ## the money protocol in simulated histories; RUNS, SEED, TRACE=1
	@$(B)/sim $(or $(RUNS),100000) $(or $(SEED),1) $(if $(TRACE),trace)
chaos: ## faults, kills and crashes against the upstream's ledger; ORDERS, SEED, SETTLE
	@tests/rig/deps check
	@$(MAKE) --no-print-directory -s -j $$(nproc) programs standin
	@VARIANT=$(VARIANT) /usr/bin/python3 tests/chaos/chaos.py --orders $(or $(ORDERS),2000) --seed $(or $(SEED),1)
failover: ## two hosts, pulled cables, a new primary: nothing lost, nothing bought twice; TIMES, SEED, WITHOUT=sync or fence
	@tests/rig/deps check
	@$(MAKE) --no-print-directory -s -j $$(nproc) programs standin
	@VARIANT=$(VARIANT) RIG_NO_BUILD=1 /usr/bin/python3 tests/chaos/failover.py --times $(or $(TIMES),3) \
	  --seed $(or $(SEED),1) $(if $(WITHOUT),--without $(WITHOUT))
.PHONY: faults
faults: ## the k-th malloc, send, recv or connect fails, for one k after the other; EVERY, SEED
	@tests/rig/deps check
	@$(MAKE) --no-print-directory -s -j $$(nproc) programs standin build/release/faults.so
	@VARIANT=release RIG_NO_BUILD=1 /usr/bin/python3 tests/faults/walk.py --every $(or $(EVERY),11) --seed $(or $(SEED),0)
fuzz: ## every reader of foreign bytes under libFuzzer, SECONDS each (60)
	@tests/rig/deps check
	@tests/fuzz/run $(or $(SECONDS),60)
check: ## everything a change must pass
	@tests/rig/deps check
	@tests/rig/deps model
	@tests/check
deb: ## the Debian package, in build/deb
	@tests/rig/deps deb
	@docs/packaging/make-deb build/deb $(or $(VERSION),0.0.0)
check-deb: ## the package installed, upgraded and purged in a fresh Debian, by the words of docs/install.md
	@tests/rig/deps deb
	@$(MAKE) --no-print-directory -s -j $$(nproc) standin
	@/usr/bin/python3 tests/package/check.py $(or $(VERSION),0.0.0)
lint: ## only the checks that read the sources
	@tests/check lint
model: ## the money protocol's model, every variant of it
	@tests/rig/deps model
	@tests/model/run
schema: ## sql/schema.sql anew, after a new migration
	@mkdir -p build && sql/schema.sh >build/schema.sql && mv build/schema.sql sql/schema.sql
clean: ## remove build/
	rm -rf build
help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What is installed in a panel: each gets its own copy of the files that all share.
.PHONY: panels
panels: ## build/panels: the modules for billing panels, as folders and as .zip
	rm -rf build/panels
	mkdir -p build/panels
	cp -r provisioning/panels/whmcs provisioning/panels/wisecp provisioning/panels/examples build/panels/
	cp provisioning/panels/lib/*.php build/panels/whmcs/modules/servers/licensebridge/lib/
	mkdir -p build/panels/wisecp/coremio/modules/Product/LicenseBridge/lib
	cp provisioning/panels/lib/*.php build/panels/wisecp/coremio/modules/Product/LicenseBridge/lib/
	cp provisioning/panels/lib/Client.php build/panels/examples/
	cp provisioning/panels/lib/logo.png build/panels/whmcs/modules/servers/licensebridge/
	cp provisioning/panels/lib/logo.png build/panels/wisecp/coremio/modules/Product/LicenseBridge/
	for panel in whmcs wisecp examples; do \
	  (cd build/panels/$$panel && python3 -m zipfile -c ../license-bridge-$$panel.zip *) || exit 1; done

SHARE := $(PREFIX)/share/license-bridge
UNITDIR ?= $(PREFIX)/lib/systemd/system
install: programs panels ## into DESTDIR and PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(SHARE)/nginx/snippets $(DESTDIR)$(PREFIX)/share/doc/license-bridge
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin/
	for f in bridge.conf site.conf.example $(patsubst nginx/%,%,$(wildcard nginx/snippets/*.conf)); do \
	  sed 's|/usr/share/license-bridge|$(SHARE)|g' nginx/$$f >$(DESTDIR)$(SHARE)/nginx/$$f && \
	  chmod 644 $(DESTDIR)$(SHARE)/nginx/$$f || exit 1; \
	done
	if [ -d nginx/dashboard ]; then \
	  install -d $(DESTDIR)$(SHARE)/dashboard && cp -r nginx/dashboard/. $(DESTDIR)$(SHARE)/dashboard/; fi
	install -d $(DESTDIR)$(SHARE)/panels
	install -m 644 build/panels/license-bridge-whmcs.zip build/panels/license-bridge-wisecp.zip \
	  build/panels/license-bridge-examples.zip $(DESTDIR)$(SHARE)/panels/
	install -m 644 README.md CHANGELOG.md LICENSE $(wildcard docs/*.md docs/*.conf docs/*.yaml) \
	  $(DESTDIR)$(PREFIX)/share/doc/license-bridge/
	for part in schema panels; do install -d $(DESTDIR)$(PREFIX)/share/doc/license-bridge/$$part && \
	  install -m 644 docs/$$part/* $(DESTDIR)$(PREFIX)/share/doc/license-bridge/$$part/ || exit 1; done
	if command -v scdoc >/dev/null; then for page in $(wildcard docs/man/*.scd); do \
	  name=$${page##*/}; name=$${name%.scd}; d=$(DESTDIR)$(PREFIX)/share/man/man$${name##*.}; \
	  install -d $$d && scdoc <$$page >$$d/$$name && chmod 644 $$d/$$name || exit 1; done; fi
	install -d $(DESTDIR)$(UNITDIR)
	for unit in $(wildcard docs/packaging/systemd/*); do d=$(DESTDIR)$(UNITDIR)/$${unit##*/}; \
	  sed 's|/usr/bin/|$(PREFIX)/bin/|g' $$unit >$$d && chmod 644 $$d || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 docs/completion/bridgectl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/bridgectl

-include $(shell find build/*/obj -name '*.d' -type f 2>/dev/null)
