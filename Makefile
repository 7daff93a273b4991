# salon: build, try and check.  `make` builds; `make demo` shows; `make test` proves.
#
# Everything made lands in build/.  One module per Lua ABI whose headers are
# installed: build/5.4, build/5.3, and build/5.1 - against PUC 5.1 headers when
# they are there, because that binary loads in LuaJIT too and the other way
# round it does not.

CC       = gcc
CFLAGS   = -O2 -g
WARNINGS = -Wall -Wextra
SO_FLAGS = -fPIC -std=gnu11 $(WARNINGS)
BUILD    = build

# pc NAME...: the first pkg-config name there is
pc = $(firstword $(foreach n,$(1),$(shell pkg-config --exists $(n) 2>/dev/null && echo $(n))))
LUA_5.4 := $(call pc,lua5.4 lua-5.4 lua54)
LUA_5.3 := $(call pc,lua5.3 lua-5.3 lua53)
LUA_5.1 := $(call pc,lua5.1 lua-5.1 lua51 luajit)
ABIS    := $(foreach v,5.4 5.3 5.1,$(if $(LUA_$(v)),$(v)))

CURL_CFLAGS := $(shell pkg-config --cflags libcurl 2>/dev/null || curl-config --cflags 2>/dev/null)
CURL_LIBS   := $(shell pkg-config --libs libcurl 2>/dev/null || curl-config --libs 2>/dev/null || echo -lcurl)
LIBS         = $(CURL_LIBS) -lpthread -ldl

SRC := $(wildcard src/*.c)

.PHONY: build
build: $(ABIS:%=$(BUILD)/%/salon/core.so)
	@test -n "$(ABIS)" || { echo "no Lua headers found; 'make setup' installs them" >&2; exit 1; }

# module FOLDER,ABI,EXTRA FLAGS: objects in FOLDER/o, module in FOLDER/salon/core.so
define module
$(1)/salon/core.so: $(SRC:src/%.c=$(1)/o/%.o)
	@mkdir -p $$(@D)
	$$(CC) -shared $$(CFLAGS) $(3) $$^ -o $$@ $$(LIBS)
$(1)/o/%.o: src/%.c Makefile
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(SO_FLAGS) $(3) $(shell pkg-config --cflags $(LUA_$(2)) 2>/dev/null) $$(CURL_CFLAGS) -MMD -MP -c $$< -o $$@
-include $(SRC:src/%.c=$(1)/o/%.d)
endef
$(foreach v,$(ABIS),$(eval $(call module,$(BUILD)/$(v),$(v),)))

.PHONY: clean
clean:
	rm -rf $(BUILD)
