# SPDX-License-Identifier: Apache-2.0
# License Bridge. `make` builds into build/, `make help` lists the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

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
OPT_clang   := -O1 -g
LINK_release := -pie -Wl,-z,relro,-z,now
LINK_asan    := -fsanitize=address,undefined
LINK_tsan    := -fsanitize=thread

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

LIBS_base     := -lconfuse -lcrypto
LIBS_store    := -lpq
LIBS_provider := -lcurl -ljansson

PROGRAMS := $(B)/bridge-fcgi $(B)/bridge-worker $(B)/bridgectl
.PHONY: all programs
all: programs
programs: $(PROGRAMS)

# The SQL that ships: one C string per statement, and the migrations.
GEN := build/gen/query.h build/gen/query.c build/gen/migration.c
build/gen/query.h build/gen/query.c build/gen/migration.c &: sql/embed.sh $(wildcard sql/query/*.sql sql/migrations/*.sql) sql/roles.sql
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

$(B)/bridge-fcgi: $(call obj,$(SRC_fcgi)) $(OBJ_store) $(OBJ_order) $(OBJ_base)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lfcgi -ljansson $(LIBS_store) $(LIBS_base)
$(B)/bridge-worker: $(call obj,$(SRC_dispatch)) $(OBJ_provider) $(OBJ_store) $(OBJ_order) $(OBJ_base)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_provider) $(LIBS_store) $(LIBS_base)
$(B)/bridgectl: $(call obj,$(SRC_ctl)) $(OBJ_provider) $(OBJ_store) $(OBJ_order) $(OBJ_base)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS_provider) $(LIBS_store) $(LIBS_base)
$(B)/standin: $(call obj,$(SRC_standin))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lfcgi -ljansson -lpthread

# Unit tests: tests/unit/NAME.c becomes build/VARIANT/unit/NAME.
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
$(B)/unit/%: $(B)/obj/tests/unit/%.o $(OBJ_provider) $(OBJ_store) $(OBJ_order) $(OBJ_base)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS_provider) $(LIBS_store) $(LIBS_base)
.PHONY: unit standin
unit: $(UNIT)
	@set -e; for t in $(UNIT); do echo "# $$t"; $$t; done
standin: $(B)/standin

-include $(shell find build -name '*.d' 2>/dev/null)
