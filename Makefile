# make            builds a module for each Lua ABI whose headers are installed
# make demo       runs a tour against a sandbox; make sandbox: a sandbox until Ctrl-C
# make check      what a change must pass; make test: everything
# make docs       makes types/ and doc/reference from the descriptions in lua/salon
#
# All output goes to build/. build/5.1 is built against PUC 5.1 headers if there are
# any, because that binary also loads in LuaJIT, and one built for LuaJIT does not
# load in PUC 5.1. Builds with sanitizers are in build/asan and build/tsan.

CC       = gcc
CFLAGS   = -O2 -g
WARNINGS = -Wall -Wextra
BUILD    = build

# Where each ABI's headers are: a package that pkg-config knows, else a folder that
# holds lua.h. What is somewhere else is named: make build LUA_5.5=/opt/lua-5.5/include
# headers NAME...: the first of these packages, or folders of that name
headers = $(or \
  $(firstword $(foreach n,$(1),$(shell pkg-config --exists $(n) 2>/dev/null && echo $(n)))), \
  $(firstword $(patsubst %/lua.h,%,$(wildcard $(foreach n,$(1),/usr/include/$(n)/lua.h /usr/local/include/$(n)/lua.h)))))
LUA_5.5 := $(call headers,lua5.5 lua-5.5 lua55)
LUA_5.4 := $(call headers,lua5.4 lua-5.4 lua54)
LUA_5.3 := $(call headers,lua5.3 lua-5.3 lua53)
LUA_5.1 := $(call headers,lua5.1 lua-5.1 lua51 luajit luajit-2.1)
ABIS    := $(foreach v,5.5 5.4 5.3 5.1,$(if $(LUA_$(v)),$(v)))
# cflags VERSION, libs VERSION
cflags = $(if $(filter /%,$(LUA_$(1))),-I$(LUA_$(1)),$(shell pkg-config --cflags $(LUA_$(1)) 2>/dev/null))
libs   = $(if $(filter /%,$(LUA_$(1))),-l$(notdir $(LUA_$(1))),$(shell pkg-config --libs $(LUA_$(1)) 2>/dev/null))

CURL_CFLAGS := $(shell pkg-config --cflags libcurl 2>/dev/null || curl-config --cflags 2>/dev/null)
CURL_LIBS   := $(shell pkg-config --libs libcurl 2>/dev/null || curl-config --libs 2>/dev/null || echo -lcurl)
LIBS         = $(CURL_LIBS) -lpthread -ldl -lm
# What a program that embeds Lua 5.4 needs besides (the C tests).
SSL_LIBS    := $(shell pkg-config --libs openssl 2>/dev/null || echo -lssl -lcrypto)
LUA_LIBS    := $(call libs,5.4)

ASAN = -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
TSAN = -O1 -fno-omit-frame-pointer -fsanitize=thread
FUZZ = -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined

SRC     := $(wildcard src/io/*.c src/lua/*.c)
HEADERS := $(wildcard src/io/*.h src/lua/*.h)
C_TESTS := $(patsubst spec/c/%.c,%,$(wildcard spec/c/test_*.c))
# What the C test `malloc` lets fail.
FAILING := malloc calloc realloc strdup free
# What the C tests share: each links the parts that it calls.
C_HELP  := spec/c/server.c spec/c/calls.c

LUA  := $(firstword $(foreach n,lua5.4 lua54 lua,$(shell command -v $(n))) lua5.4)
RUN   = SALON_BUILD=$(BUILD) tools/run $(LUA)

.PHONY: all build setup docs operations demo sandbox conformance bench torture rock clean \
        check test test-keycloak test-sessions strict lint install-check fuzz
all: build

build: $(ABIS:%=$(BUILD)/%/salon/core.so)
	@test -n "$(strip $(ABIS))" || { echo "no Lua headers found; 'make setup' installs them, or name their folder: make LUA_5.4=DIR" >&2; exit 1; }

# module FOLDER,ABI,EXTRA FLAGS
#   FOLDER/salon/core.so  the module
#   FOLDER/libsalon.a     the same objects for the C tests, so that each links
#                         only what it calls
#   FOLDER/c/NAME         a program of spec/c
define module
$(1)/salon/core.so: $(SRC:src/%.c=$(1)/o/%.o)
	@mkdir -p $$(@D)
	$$(CC) -shared $$(CFLAGS) $(3) $$^ -o $$@ $$(LIBS)
$(1)/libsalon.a: $(SRC:src/%.c=$(1)/o/%.o)
	@rm -f $$@
	ar rcs $$@ $$^
$(1)/c/libhelp.a: $(C_HELP:spec/c/%.c=$(1)/c/%.o)
	@rm -f $$@
	ar rcs $$@ $$^
$(1)/c/%.o: spec/c/%.c spec/c/server.h spec/c/calls.h $(HEADERS)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) -std=gnu11 $$(WARNINGS) $(3) -Isrc -c $$< -o $$@
$(1)/c/test_malloc: WRAP = $(FAILING:%=-Wl,--wrap=%)
$(1)/c/test_poller: WRAP = -Wl,--wrap=epoll_ctl
$(1)/c/test_engine: WRAP = -Wl,--wrap=epoll_ctl -Wl,--wrap=curl_global_init
$(1)/c/%: spec/c/%.c $(1)/c/libhelp.a $(1)/libsalon.a
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) -std=gnu11 $$(WARNINGS) $(3) -Isrc $(call cflags,$(2)) $$(CURL_CFLAGS) \
	  $$(WRAP) -MMD -MP -MF $$@.d $$< -o $$@ $(1)/c/libhelp.a $(1)/libsalon.a -lcmocka $$(LUA_LIBS) $$(SSL_LIBS) $$(LIBS)
$(1)/o/%.o: src/%.c Makefile
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) -fPIC -std=gnu11 $$(WARNINGS) $(3) -Isrc $(call cflags,$(2)) $$(CURL_CFLAGS) \
	  -MMD -MP -c $$< -o $$@
.PRECIOUS: $(1)/c/% $(1)/o/%.o
-include $(SRC:src/%.c=$(1)/o/%.d) $(C_TESTS:%=$(1)/c/%.d)
endef
$(foreach v,$(ABIS),$(eval $(call module,$(BUILD)/$(v),$(v),)))
$(eval $(call module,$(BUILD)/asan/5.4,5.4,$(ASAN)))
$(eval $(call module,$(BUILD)/tsan/5.4,5.4,$(TSAN)))
$(eval $(call module,$(BUILD)/fuzz/5.4,5.4,$(FUZZ)))

# The targets of libFuzzer, which only clang has.
$(BUILD)/fuzz/%: CC = clang
$(BUILD)/fuzz/%: spec/fuzz/%.c spec/fuzz/fuzz.h $(BUILD)/fuzz/5.4/libsalon.a
	$(CC) $(CFLAGS) -std=gnu11 $(WARNINGS) $(FUZZ) -fsanitize=fuzzer -Isrc $(call cflags,5.4) $(CURL_CFLAGS) \
	  $< -o $@ $(BUILD)/fuzz/5.4/libsalon.a $(LUA_LIBS) $(LIBS)

# An interpreter with the sanitizer linked in: every child (nginx, curl) would
# inherit LD_PRELOAD.
$(BUILD)/asan/5.4/lua: spec/c/interpreter.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARNINGS) $(ASAN) $(call cflags,5.4) -Wl,-E $< -o $@ $(LUA_LIBS)

# What is installed now is found by the next make only: hence $(MAKE) below.
setup:
	@tools/setup.sh test

demo:
	@tools/setup.sh demo
	@$(MAKE) -s build
	@$(RUN) tools/demo.lua

sandbox:
	@tools/setup.sh demo
	@$(MAKE) -s build
	@SALON_BUILD=$(BUILD) exec tools/run $(LUA) tools/sandbox.lua

# Compares the sandbox with recorded responses of real servers; RECORDINGS=DIR: others.
conformance:
	@tools/setup.sh test
	@$(MAKE) -s build
	@$(RUN) tools/conformance/main.lua

# Lint, C tests and the specs on Lua 5.4: less than a minute.
check: setup
	@tools/test.sh check

# All of it; tools/test.sh also runs single parts and files.
test: setup
	@tools/test.sh

# Compares salon and the sandbox's login service with a real Keycloak: needs Java 17
# and Maven, fetches 170 MB once and keeps them in ~/.cache/salon.
test-keycloak: build
	@tools/test.sh keycloak

# Who renews a login that many share; spec/sessions_spec.lua is a short version.
# ROUNDS=10: so many for each store instead of 100; `make test` has ten.
test-sessions: setup
	@$(MAKE) -s build servers
	@$(RUN) tools/sessions.lua $(ROUNDS)

# What the specs talk to.
.PHONY: servers
servers: $(BUILD)/5.4/c/rawserver $(BUILD)/5.4/c/blackhole $(BUILD)/5.4/c/replay

# Every ABI with both compilers, warnings as errors.
strict:
	$(MAKE) -s BUILD=$(BUILD)/gcc CC=gcc WARNINGS="$(WARNINGS) -Werror" build
	$(MAKE) -s BUILD=$(BUILD)/clang CC=clang WARNINGS="$(WARNINGS) -Werror" build

# Makes types/opentalk.lua, types/meet.lua and doc/reference from the descriptions in
# lua/salon; spec/docs_spec.lua fails when that was forgotten.
docs: $(BUILD)/5.4/salon/core.so
	@$(RUN) tools/docs/main.lua

# Fails when an operation of spec/operations.txt is neither described nor excused.
operations: $(BUILD)/5.4/salon/core.so
	@$(RUN) tools/docs/operations.lua

lint: operations
	luacheck --quiet .
	@tools/format.sh

install-check:
	@tools/install-check.sh

rock:
	@$(LUA) tools/rock.lua

$(BUILD)/bench/%: bench/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(WARNINGS) $(CURL_CFLAGS) $< -o $@ $(LIBS)

# PARTS="lists nginx": only these (bench/run.lua names all); PLOT=1: also draws
# doc/latency.svg.
bench:
	@tools/setup.sh bench
	@$(MAKE) -s build $(BUILD)/bench/walk $(BUILD)/bench/call
	@$(RUN) bench/run.lua $(PARTS)

# FUZZ_SECONDS=N: for so long each; tools/fuzz.sh also runs single targets.
fuzz:
	@tools/setup.sh test
	@tools/fuzz.sh

torture:
	@tools/setup.sh test
	@$(MAKE) -s build
	@tools/torture.sh

clean:
	rm -rf $(BUILD)
