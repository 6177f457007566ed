# SPDX-License-Identifier: LGPL-2.1-or-later
# The agent for Windows, cross-compiled: build/win64 and build/win32. Static, so that it needs no DLL but Windows' own,
# and with the thread model that has no library of its own.
WIN64_PREFIX ?= x86_64-w64-mingw32-
WIN32_PREFIX ?= i686-w64-mingw32-
WINE ?= wine

WIN_API := -DWIN32_LEAN_AND_MEAN -D_WIN32_WINNT=0x0601 -DWINVER=0x0601 -DUNICODE -D_UNICODE
WIN_COMPILE = -std=c11 -D_GNU_SOURCE $(WIN_API) -DPERISCOPE_VERSION='"$(VERSION)"' -iquote . $(WARN) -O2 -g \
	-ffunction-sections -fdata-sections -MMD -MP
WIN_LINK = -static -municode -Wl,--gc-sections -Wl,--dynamicbase -Wl,--nxcompat
WIN_LIBS = -lz -lws2_32 -ladvapi32 -luser32 -lgdi32

WIN_CAPTURE := $(filter-out capture/backends.c capture/x11% capture/drm%,$(wildcard capture/*.c))
WIN_AGENT := $(wildcard base/*.c protocol/*.c win32/*.c agent/*.c) $(WIN_CAPTURE)

# $(1): win64 or win32; $(2): the tools' prefix
define WIN_RULES
$(B)/$(1)/periscoped.exe: $$(patsubst %.c,$(B)/$(1)/obj/%.o,$$(WIN_AGENT)) $(B)/$(1)/obj/win32/periscoped.res.o
	$$(call say,LINK)
	$$(Q)$(2)gcc-win32 -O2 $$(WIN_LINK) -o $$@.full $$^ $$(WIN_LIBS)
	$$(Q)$(2)strip -o $$@ $$@.full
$(B)/$(1)/obj/%.o: %.c Makefile win32/win.mk config.mk
	@mkdir -p $$(@D)
	$$(call say,CC)
	$$(Q)$(2)gcc-win32 $$(WIN_COMPILE) -c -o $$@ $$<
$(B)/$(1)/obj/win32/periscoped.res.o: win32/periscoped.rc win32/periscoped.manifest Makefile
	@mkdir -p $$(@D)
	$$(call say,RES)
	$$(Q)$(2)windres -DPERISCOPE_VERSION='\"$(VERSION)\"' -I win32 -o $$@ $$<
-include $$(shell find $(B)/$(1)/obj -name '*.d' 2>/dev/null)
endef
$(eval $(call WIN_RULES,win64,$(WIN64_PREFIX)))
$(eval $(call WIN_RULES,win32,$(WIN32_PREFIX)))

.PHONY: win
win: $(B)/win64/periscoped.exe $(B)/win32/periscoped.exe
