# SPDX-License-Identifier: LGPL-2.1-or-later
# Two targets do the set-up too: `make demo` and `make check`. `make help` lists the rest.
include config.mk

VERSION := 0.1.0
B := build
OBJ := $(B)/obj

# 64 bits for files and times where a long has 32.
SYSTEM = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64

# libdrm is linked statically: a console guest need not have it.
LIBDRM_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags libdrm 2>/dev/null || echo -I/usr/include/libdrm))

# Debuggers and profilers read -g's frame information, which strip takes away; what is loaded with a program is an eighth
# of the agent. Sanitizers' reports need it.
UNWIND := $(if $(SANITIZE),,-fno-asynchronous-unwind-tables)

# What makes a fault in memory hard to use, as far as this compiler has it. A sanitizer does not go with it; who brings a
# level of _FORTIFY_SOURCE keeps that, and without optimisation there is none. Older compilers warn of level 3.
hash := \#
accepted = $(shell for flag in $(1); do \
	echo '$(hash)include <stdlib.h>' | $(CC) -O2 -Werror -U_FORTIFY_SOURCE $$flag -c -o /dev/null -x c - 2>/dev/null && echo $$flag; done)
FORTIFY := $(if $(findstring _FORTIFY_SOURCE,$(OPT) $(CPPFLAGS) $(CFLAGS)),,$(if $(filter -O1 -O2 -O3 -Os,$(OPT)),\
	-U_FORTIFY_SOURCE $(lastword $(call accepted,-D_FORTIFY_SOURCE=2 -D_FORTIFY_SOURCE=3))))
HARDEN := $(if $(SANITIZE),,$(FORTIFY) \
	$(call accepted,-fstack-protector-strong -fstack-clash-protection -fcf-protection -mbranch-protection=standard))
# A static program that is to move needs another start file, which not every C library has.
PIE := $(if $(filter -static,$(LDFLAGS)),,-pie)

COMPILE = $(CC) -std=c11 $(SYSTEM) -DPERISCOPE_VERSION='"$(VERSION)"' -iquote . $(LIBDRM_CFLAGS) $(WARN) $(HARDEN) $(OPT) \
	$(SANITIZE) -ffunction-sections -fdata-sections $(UNWIND) -fvisibility=hidden -fPIC -MMD -MP $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(OPT) $(SANITIZE) -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack -pthread $(LDFLAGS)

# Quiet unless V=1.
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-4s %s\n' $(1) $@)

objects = $(patsubst %.c,$(OBJ)/%.o,$(1))

# The C sources of some rooms, and those of rooms with all their own folders.
room = $(wildcard $(addsuffix /*.c,$(1)))
rooms = $(wildcard $(addsuffix /*.c,$(1)) $(addsuffix /*/*.c,$(1)))

BASE := $(call room,base)
PROTOCOL := $(call room,protocol)
# What the host needs of them too; the rest is for the guest.
LINUX := $(call room,platform linux linux/file linux/net) linux/user/rights.c
GUEST := $(filter-out $(LINUX),$(call rooms,linux))
PICTURE := $(call room,picture)
CAPTURE := $(call room,capture capture/apart capture/input capture/linux capture/x11 capture/x11/server capture/drm)
AGENT := $(call rooms,agent)
HOST := $(call room,host host/report)
TIMELINE := $(call room,host/timeline) $(B)/made/timeline_page.c
CLI := $(call room,host/common) $(call rooms,host/cli) $(call room,$(wildcard host/cli/verbs/*)) $(TIMELINE)

WEB := $(call room,host/web host/web/rfb host/web/viewer) $(B)/made/gateway_pages.c
WEB_LWS := $(call room,host/web/lws)

# The gateway alone needs libwebsockets; without it all else is built.
LWS := $(shell $(PKG_CONFIG) --libs libwebsockets 2>/dev/null)
LWS_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags libwebsockets 2>/dev/null))
GATEWAY := $(if $(LWS),$(B)/periscope-gateway,no-gateway)

.PHONY: all no-gateway
all: $(B)/periscoped $(B)/periscope $(B)/libperiscope.so $(B)/libperiscope.pc $(GATEWAY)
no-gateway:
	@echo "  periscope-gateway is left out: pkg-config finds no libwebsockets"

$(B)/periscoped: $(call objects,$(BASE) $(PROTOCOL) $(LINUX) $(GUEST) $(PICTURE) $(CAPTURE) $(AGENT))
	$(call say,LINK)
	$(Q)$(LINK) $(PIE) -o $@ $^ -lz $(LIBDRM)
$(B)/libperiscope.a: $(call objects,$(BASE) $(PROTOCOL) $(LINUX) $(HOST))
	$(call say,AR)
	@rm -f $@
	$(Q)ar qcs $@ $^
$(B)/libperiscope.so: $(call objects,$(BASE) $(PROTOCOL) $(LINUX) $(HOST))
	$(call say,LINK)
	$(Q)$(LINK) -shared -Wl,-soname,libperiscope.so.0 -o $@ $^
$(B)/periscope: $(call objects,$(PICTURE) $(CLI)) $(B)/libperiscope.a
	$(call say,LINK)
	$(Q)$(LINK) $(PIE) -o $@ $^ -lz -lm
$(B)/periscope-gateway: $(call objects,$(PICTURE) $(call room,host/common) $(WEB) $(WEB_LWS)) $(B)/libperiscope.a
	$(call say,LINK)
	$(Q)$(LINK) $(PIE) -o $@ $^ -lz -lm $(LWS)
$(call objects,$(WEB_LWS)): CPPFLAGS += $(LWS_CFLAGS)
PC = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' \
	-e 's|@VERSION@|$(VERSION)|'
$(B)/libperiscope.pc: host/libperiscope.pc.in Makefile config.mk
	$(call say,SED)
	$(Q)$(PC) $< > $@

# Optimises for size what only waits: the work on pixels is in picture/ and in the files below, whose loops are written to
# become vectors, and of the filter's gcc makes them with more than -O2.
SMALL_ROOMS := agent base capture linux platform protocol win32
PIXEL_LOOPS := $(addprefix capture/,compare pattern drm/frame win32/duplication_surface win32/gdi_image x11/compose x11/image x11/pixels) base/sha256
$(SMALL_ROOMS:%=$(OBJ)/%/%.o): OPT := $(OPT:-O2=-Os)
$(PIXEL_LOOPS:%=$(OBJ)/%.o): OPT := $(OPT)
$(OBJ)/picture/delta.o: OPT := $(OPT:-O2=-Os)
$(addprefix $(OBJ)/picture/,png_filter.o rows.o palette.o): OPT += -O3

# Pages and what belongs to them are files, in the program too: $(call embed,NAME,FILES) is the recipe of a C file.
embed = @mkdir -p $(@D); $(if $(V),,printf '  %-4s %s\n' MAKE $@;) host/embed.sh $(1) $(2) > $@.new && mv $@.new $@
TIMELINE_PAGE := $(addprefix host/timeline/page/,style.css script.js)
$(B)/made/timeline_page.c: $(TIMELINE_PAGE) host/embed.sh
	$(call embed,timeline_page,$(TIMELINE_PAGE))

GATEWAY_PAGES := $(wildcard host/web/page/*)
$(B)/made/gateway_pages.c: $(GATEWAY_PAGES) host/embed.sh
	$(call embed,gateway_pages,$(GATEWAY_PAGES))

$(OBJ)/%.o: %.c Makefile config.mk
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -c -o $@ $<
.SECONDARY:
-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)

include win32/win.mk packaging/deb.mk packaging/dist.mk

# ---- tests ----

UNIT := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/test_*.c tests/unit/capture/*/test_*.c))
INTEGRATION := $(wildcard tests/integration/test_*.py)

# A unit test links what it uses of everything but the programs' own main().
UNIT_LIBRARY := $(B)/tests/everything.a
# What knows no header of Windows runs here too: the bytes of executables, and the decisions of desktop duplication.
PORTABLE_WIN32 := win32/process/pe.c win32/gpu/event_xml.c $(addprefix capture/win32/,duplication.c duplication_surface.c)
$(UNIT_LIBRARY): $(call objects,$(BASE) $(PROTOCOL) $(LINUX) $(GUEST) $(PICTURE) $(PORTABLE_WIN32) $(CAPTURE) $(filter-out agent/main.c,$(AGENT)) $(HOST) $(filter-out host/cli/main.c,$(CLI)) $(WEB))
	@mkdir -p $(@D)
	$(call say,AR)
	@rm -f $@
	$(Q)ar qcs $@ $^
$(B)/tests/unit/%: $(OBJ)/tests/unit/%.o $(UNIT_LIBRARY)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(LINK) $(PIE) $(FAKES) -o $@ $(filter %.o,$^) $(filter-out %.o,$^) -lz -lm $(LIBDRM)
# A test of the agent may define what the agent calls, of the system and its own: the test's comes first and wins. Of a
# file whose functions call each other it defines all that the agent calls, since those calls are not replaced.
$(B)/tests/unit/agent/%: FAKES = -Wl,--allow-multiple-definition
# Here it also calls the real one.
$(B)/tests/unit/agent/test_spare $(B)/tests/unit/agent/test_flush: FAKES += -Wl,--wrap=os_thread_start
$(B)/tests/unit/agent/test_flush: FAKES += -Wl,--wrap=journal_append,--wrap=journal_sync,--wrap=journal_write

# Everything that is compiled for this system.
.PHONY: programs
programs: all $(UNIT)

# The programs under test are those of this build, whatever $(B) is.
INTEGRATION_RUN = env PERISCOPED=$(abspath $(B))/periscoped PERISCOPE=$(abspath $(B))/periscope tests/run --time-limit 300

.PHONY: unit integration
unit: $(UNIT)
	tests/run --time-limit 120 $(UNIT)
integration: all
	$(INTEGRATION_RUN) $(INTEGRATION)

#: make check-load   100 upgrades and restarts under load, and 10 000 uploads that are run beside other programs (minutes)
.PHONY: check-load
check-load: all
	PERISCOPE_UPGRADES=100 PERISCOPE_PAIRS=10000 $(subst --time-limit 300,--time-limit 3600,$(INTEGRATION_RUN)) \
		tests/integration/test_upgrade_load.py

#: make check-files  a tree of 10 000 files and a file of 5 GB, there and back over connections that break (minutes)
.PHONY: check-files
check-files: all
	tests/integration/files_long.py

#: make check-kills  the agent is killed 1000 times while it starts programs and receives files (minutes)
.PHONY: check-kills
check-kills: all
	PERISCOPE_KILLS=1000 $(subst --time-limit 300,--time-limit 3600,$(INTEGRATION_RUN)) tests/integration/test_journal_kills.py

#: make check-record 50 screens over 60 s, 100 kills of an agent that records, and what a still screen costs (minutes)
.PHONY: check-record
check-record: all sample
	PERISCOPE_RECORD_SCREENS=50 PERISCOPE_RECORD_KILLS=100 $(subst --time-limit 300,--time-limit 3600,$(INTEGRATION_RUN)) \
		tests/integration/test_record.py tests/integration/test_record_kills.py tests/integration/record_still.py

#: make check-images 100 000 pictures, drawn, of each size and of this machine, through the encoder and three decoders (half an hour)
.PHONY: check-images
check-images: all
	tests/deps.sh images
	PERISCOPE_IMAGES=100000 $(subst --time-limit 300,--time-limit 7200,$(INTEGRATION_RUN)) tests/integration/test_png.py

include $(wildcard tests/*.mk tests/*/*.mk)

# ---- installation ----

INSTALL ?= install
SO := libperiscope.so.$(VERSION)
PUBLIC_HEADERS := $(wildcard host/periscope*.h)
HOST_PAGES := $(filter-out $(if $(LWS),,%-gateway.1),$(wildcard docs/man/periscope*.1))

# One object of what the public functions need, in which only their names are left: the others must not meet those of who
# links it.
$(B)/public/libperiscope.a: $(B)/libperiscope.a
	@mkdir -p $(@D)
	$(call say,AR)
	$(Q)$(LD) -r --gc-sections --gc-keep-exported -o $(@D)/libperiscope.o --whole-archive $<
	$(Q)$(OBJCOPY) --localize-hidden $(@D)/libperiscope.o
	@rm -f $@
	$(Q)ar qcs $@ $(@D)/libperiscope.o

# Where shells look for completions, which the program itself prints. RUN is what runs it here, such as qemu-arm.
BASH_COMPLETIONS = $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS = $(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS = $(PREFIX)/share/fish/vendor_completions.d
RUN ?=

#: make install      install below $(DESTDIR)$(PREFIX) (/usr/local); install-host and install-agent: one of its halves
#:                   (LIBDIR is where the library goes, $(PREFIX)/lib)
.PHONY: install install-host install-agent
install: install-host install-agent
install-agent: all
	$(INSTALL) -d $(addprefix $(DESTDIR)$(PREFIX)/,sbin share/man/man8)
	$(INSTALL) -m 755 $(B)/periscoped $(DESTDIR)$(PREFIX)/sbin
	$(INSTALL) -m 644 docs/man/periscoped.8 $(DESTDIR)$(PREFIX)/share/man/man8
install-host: all $(B)/public/libperiscope.a
	$(INSTALL) -d $(addprefix $(DESTDIR)$(PREFIX)/,bin include share/man/man1 share/man/man3) \
		$(DESTDIR)$(LIBDIR)/pkgconfig $(addprefix $(DESTDIR),$(BASH_COMPLETIONS) $(ZSH_COMPLETIONS) $(FISH_COMPLETIONS))
	$(INSTALL) -m 755 $(B)/periscope $(if $(LWS),$(B)/periscope-gateway) $(DESTDIR)$(PREFIX)/bin
	$(INSTALL) -m 644 $(B)/public/libperiscope.a $(DESTDIR)$(LIBDIR)
	$(INSTALL) -m 755 $(B)/libperiscope.so $(DESTDIR)$(LIBDIR)/$(SO)
	ln -sf $(SO) $(DESTDIR)$(LIBDIR)/libperiscope.so.0
	ln -sf libperiscope.so.0 $(DESTDIR)$(LIBDIR)/libperiscope.so
	$(PC) host/libperiscope.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/libperiscope.pc
	for header in $(PUBLIC_HEADERS); do \
		sed 's|"host/periscope|"periscope|' $$header > $(DESTDIR)$(PREFIX)/include/$${header##*/} || exit 1; \
	done
	$(INSTALL) -m 644 $(HOST_PAGES) $(DESTDIR)$(PREFIX)/share/man/man1
	$(INSTALL) -m 644 docs/man/libperiscope.3 $(DESTDIR)$(PREFIX)/share/man/man3
	$(RUN) $(B)/periscope --completion bash > $(DESTDIR)$(BASH_COMPLETIONS)/periscope
	$(RUN) $(B)/periscope --completion zsh > $(DESTDIR)$(ZSH_COMPLETIONS)/_periscope
	$(RUN) $(B)/periscope --completion fish > $(DESTDIR)$(FISH_COMPLETIONS)/periscope.fish

.PHONY: clean help
clean:
	rm -rf $(OBJ) $(B)/made $(B)/tests $(B)/vm $(B)/periscope* $(B)/libperiscope*
help:
	@sed -n 's/^#: //p' $(MAKEFILE_LIST)
