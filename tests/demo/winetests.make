# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds the demo's Wine tests for Windows: one executable a DLL, holding the units that tests/demo/units names.
#
# usage: make -f tests/demo/winetests.make SOURCE=DIR OUT=DIR

CC = x86_64-w64-mingw32-gcc
WINDRES = x86_64-w64-mingw32-windres
LIST := tests/demo/units
OBJ := $(OUT)/obj

DLLS := $(shell awk '!/^\#/ { print $$1 }' $(LIST))
units = $(shell awk '$$1 == "$(1)" { for (i = 3; i <= NF; i++) { gsub(/[*+]/, "", $$i); print $$i } }' $(LIST))
imports = $(addprefix -l,$(filter-out mlang,$(shell sed -n 's/^IMPORTS *= *//p' $(SOURCE)/dlls/$(1)/tests/Makefile.in)))

# Wine's own generated headers come before mingw's, which lack what newer tests use; Wine's test.h and its company come
# from a folder of their own, since the rest of include/wine is not for programs. Warnings in Wine's code are its own.
WINE_HEADERS := test.h debug.h heap.h list.h exception.h
HEADERS := $(addprefix $(OBJ)/include/wine/,$(WINE_HEADERS))
CFLAGS = -O1 -w -Wno-error=implicit-function-declaration -D__USE_MINGW_ANSI_STDIO=0 -iquote . -I$(OBJ)/include -isystem /usr/include/wine/wine/windows
LIBS = -luser32 -lgdi32 -ladvapi32 -lole32 -lntdll -lsetupapi -lversion -luuid -lws2_32

.PHONY: all
.SECONDARY:
all: $(DLLS:%=$(OUT)/%_test.exe)

$(OBJ)/include/wine/%.h: $(SOURCE)/include/wine/%.h
	@mkdir -p $(@D)
	cp $< $@
$(OBJ)/shim.o: tests/demo/shim.c tests/demo/shim.h $(HEADERS)
	$(CC) $(CFLAGS) -c -o $@ $<

# gdi32's and gdiplus's resources are fonts that only a whole Wine build makes, oleaut32's need more of its tree; the units
# named here do without.
resource = $(if $(filter-out gdi32 gdiplus oleaut32,$(1)),$(addprefix $(OBJ)/$(1)/,$(notdir $(patsubst %.rc,%.res.o,$(wildcard $(SOURCE)/dlls/$(1)/tests/*.rc)))))

# It looks into structures that Windows' own headers keep to themselves.
$(OBJ)/kernel32/process.o: CFLAGS += -D__WINESRC__

define dll_rules
$(OBJ)/$(1)/testlist.c: $(LIST)
	@mkdir -p $$(@D)
	tests/demo/testlist.sh $(call units,$(1)) >$$@
$(OBJ)/$(1)/testlist.o: $(OBJ)/$(1)/testlist.c $(HEADERS)
	$$(CC) $$(CFLAGS) -c -o $$@ $$<
$(OBJ)/$(1)/%.o: $(SOURCE)/dlls/$(1)/tests/%.c tests/demo/shim.h $(HEADERS) | $(OBJ)/$(1)/testlist.c
	$$(CC) $$(CFLAGS) -include tests/demo/shim.h -I$(SOURCE)/dlls/$(1)/tests -c -o $$@ $$<
$(OBJ)/$(1)/%.res.o: $(SOURCE)/dlls/$(1)/tests/%.rc $(HEADERS) | $(OBJ)/$(1)/testlist.c
	$$(WINDRES) -I$(SOURCE)/dlls/$(1)/tests -I$(OBJ)/include -I/usr/include/wine/wine/windows -o $$@ $$<
$(OUT)/$(1)_test.exe: $(addprefix $(OBJ)/$(1)/,testlist.o $(addsuffix .o,$(call units,$(1)))) $(OBJ)/shim.o $(call resource,$(1))
	$$(CC) -o $$@ $$^ $(call imports,$(1)) $$(LIBS)
endef
$(foreach dll,$(DLLS),$(eval $(call dll_rules,$(dll))))
