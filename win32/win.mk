# SPDX-License-Identifier: LGPL-2.1-or-later
# The agent for Windows, cross-compiled: build/win64 and build/win32. Static, so that it needs no DLL but Windows' own,
# and with the thread model that has no library of its own.
WIN64_PREFIX ?= x86_64-w64-mingw32-
WIN32_PREFIX ?= i686-w64-mingw32-


# mingw's headers bring a printf() that does what C says; its "printf" is msvcrt's. Its objects have no visibility.
WIN_API := -DPRINTF_ARCHETYPE=gnu_printf -DPERISCOPE_API= \
	-DWIN32_LEAN_AND_MEAN -D_WIN32_WINNT=0x0601 -DWINVER=0x0601 -DUNICODE -D_UNICODE
# No -fdata-sections: for Windows it puts what is zero at first into the file, all its zeroes.
WIN_OPT = -O2
# gcc does not align the stack of 64-bit Windows for vectors of 32 bytes, but moves them as if it did (a known fault): the
# assembler turns such moves into unaligned ones, which cost the same.
WIN_UNALIGNED := -Wa,-muse-unaligned-vector-move
WIN_COMPILE = -std=c11 -D_GNU_SOURCE $(WIN_API) -DPERISCOPE_VERSION='"$(VERSION)"' -iquote . $(WARN) $(WIN_OPT) -g -fstack-protector-strong \
	-ffunction-sections -MMD -MP $(WIN_CFLAGS)
# Of the flags that harden, this compiler lacks -mguard=cf (Control Flow Guard), which clang alone has for MinGW. Code for
# Windows touches each page of its stack anyway.
WIN_LINK = -static -fstack-protector-strong -municode -Wl,--gc-sections -Wl,--dynamicbase -Wl,--nxcompat -Wl,--no-insert-timestamp
WIN_LINK_win64 = -Wl,--high-entropy-va
WIN_LIBS = -lz -lws2_32 -ladvapi32 -luser32 -lgdi32

WIN_LIBRARY = $(filter-out agent/main.c,$(WIN_AGENT)) $(filter-out host/cli/main.c,$(HOST) $(CLI))
# The units by name, wherever they lie. Left out: those of Linux, and two that stand in for functions of its C library.
WIN_UNIT_SOURCES := $(filter-out tests/unit/linux/% tests/unit/web/% tests/unit/capture/x11/% tests/unit/capture/drm/% tests/unit/capture/linux/% tests/unit/capture/apart/% \
	tests/unit/agent/test_allow.c tests/unit/agent/test_receive.c tests/unit/platform/test_address.c,\
	$(wildcard tests/unit/*/test_*.c tests/unit/capture/*/test_*.c tests/wine/unit/test_*.c))
WIN_UNIT := $(notdir $(basename $(WIN_UNIT_SOURCES)))
WIN_TOOLS := $(notdir $(basename $(wildcard tests/wine/tools/*.c)))
WIN_AGENT := $(BASE) $(PROTOCOL) $(PICTURE) $(AGENT) $(call rooms,win32) $(call room,platform capture capture/input capture/win32)

# $(1): win64 or win32; $(2): the tools' prefix
define WIN_RULES
$(B)/$(1)/periscoped.exe: $$(patsubst %.c,$(B)/$(1)/obj/%.o,$$(WIN_AGENT)) $(B)/$(1)/obj/win32/periscoped.res.o
	$$(call say,LINK)
	$$(Q)$(2)gcc-win32 -O2 $$(WIN_LINK) $$(WIN_LINK_$(1)) -o $$@.full $$^ $$(WIN_LIBS)
	$$(Q)$(2)strip -p -o $$@ $$@.full
$(B)/$(1)/everything.a: $$(patsubst %.c,$(B)/$(1)/obj/%.o,$$(WIN_LIBRARY))
	$$(call say,AR)
	@rm -f $$@
	$$(Q)$(2)ar qcs $$@ $$^
$(B)/$(1)/unit/test_command_line.exe: WIN_LIBS += -lshell32
$(foreach source,$(WIN_UNIT_SOURCES),$(eval $(B)/$(1)/unit/$(notdir $(basename $(source))).exe: $(B)/$(1)/obj/$(source:.c=.o)))
$(WIN_UNIT:%=$(B)/$(1)/unit/%.exe): $(B)/$(1)/unit/%.exe: $(B)/$(1)/everything.a
	@mkdir -p $$(@D)
	$$(call say,LINK)
	$$(Q)$(2)gcc-win32 $$(WIN_LINK) $$(WIN_LINK_$(1)) $$(FAKES) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $$(WIN_LIBS)
$(patsubst tests/unit/agent/%.c,$(B)/$(1)/unit/%.exe,$(filter tests/unit/agent/%,$(WIN_UNIT_SOURCES))): FAKES = -Wl,--allow-multiple-definition
$(B)/$(1)/unit/test_pty.exe $(B)/$(1)/unit/test_session_watch.exe: FAKES = -Wl,--allow-multiple-definition
$(B)/$(1)/unit/test_spare.exe $(B)/$(1)/unit/test_flush.exe: FAKES += -Wl,--wrap=os_thread_start
$(B)/$(1)/unit/test_flush.exe: FAKES += -Wl,--wrap=journal_append,--wrap=journal_sync,--wrap=journal_write
$(B)/$(1)/nosuch.a: tests/wine/tools/nosuch.def
	@mkdir -p $$(@D)
	$$(Q)$(2)dlltool -d $$< -l $$@
$(B)/$(1)/tools/missing_test.exe: $(B)/$(1)/nosuch.a
$(B)/$(1)/tools/missing_test.exe: WIN_LIBS += $(B)/$(1)/nosuch.a
$(B)/$(1)/tools/%.exe: $(B)/$(1)/obj/tests/wine/tools/%.o $(B)/$(1)/everything.a
	@mkdir -p $$(@D)
	$$(call say,LINK)
	$$(Q)$(2)gcc-win32 $$(WIN_LINK) $$(WIN_LINK_$(1)) -o $$@ $$^ $$(WIN_LIBS)
$(SMALL_ROOMS:%=$(B)/$(1)/obj/%/%.o): WIN_OPT = -Os
$(PIXEL_LOOPS:%=$(B)/$(1)/obj/%.o): WIN_OPT = -O2
$(B)/$(1)/obj/picture/rows_x86.o: WIN_OPT = -O2 $(WIN_UNALIGNED)
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

# ---- tests ----

WIN_PROGRAMS = $(WIN_UNIT:%=$(B)/win64/unit/%.exe) $(WIN_TOOLS:%=$(B)/win64/tools/%.exe)
WIN_TESTS := $(wildcard tests/wine/test_*.py)

# The tests of the wire, with the agent for Windows; the others are of a Unix guest or of the host alone.
WIN_INTEGRATION := $(filter-out tests/integration/test_cli% tests/integration/test_x11% \
	$(addprefix tests/integration/,test_changes.py test_hostile_guest.py test_input.py test_install.py test_ready.py test_record%.py test_shutdown.py test_testbot.py test_timeline.py test_verb%),$(wildcard tests/integration/test_*.py))

#: make win          the agent for Windows: build/win64 and build/win32
#: make check-win    the Windows agent's tests under Wine: units, its own, and those of the wire
#: make check-win32  the same with the agent of 32 bits, where Wine runs such programs
#: make check-win-trixie  both in a Debian 13 with a Wine of 64 and 32 bits; it takes half an hour
#: make check-imports   which Windows the executables can start on, told from the files
.PHONY: check-win check-win32 check-win-trixie check-imports
check-imports: win
	tests/run tests/wine/test_imports.py
check-win:
	tests/deps.sh win
	$(MAKE) win all dist-files $(WIN_PROGRAMS)
	tests/wine/run tests/run --time-limit 120 $(WIN_UNIT:%=$(B)/win64/unit/%.exe)
	tests/wine/run tests/run --jobs 1 --time-limit 300 $(WIN_TESTS)
	PERISCOPE_LOAD_PERCENT=1 tests/wine/run --agent tests/run --jobs 1 --time-limit 300 $(WIN_INTEGRATION)
# What is tested of the packages is the same.
check-win32: export WIN_BUILD = win32
check-win32:
	tests/deps.sh win
	$(MAKE) win all $(WIN_PROGRAMS) $(WIN_PROGRAMS:$(B)/win64/%=$(B)/win32/%)
	tests/wine/run tests/run --time-limit 120 $(WIN_UNIT:%=$(B)/win32/unit/%.exe)
	tests/wine/run tests/run --jobs 1 --time-limit 300 $(filter-out %/test_dist.py %/test_imports.py,$(WIN_TESTS))
	PERISCOPE_LOAD_PERCENT=1 tests/wine/run --agent tests/run --jobs 1 --time-limit 300 $(WIN_INTEGRATION)
check-win-trixie:
	tests/deps.sh debian
	tests/ci/debian --wine trixie check-win check-win32
