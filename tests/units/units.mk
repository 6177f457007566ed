# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- units ----
#: make check-units  run real Wine tests directly, as testagentd does and by both agents, and compare what they report
#:                   (an hour and a half; check-units-short: four of them, a minute); BITS=32: the 32-bit ones
BITS ?= 64
UNITS_PREFIX_64 = $(WIN64_PREFIX)
UNITS_PREFIX_32 = $(WIN32_PREFIX)
UNITS_BIN = $(B)/units/$(BITS)
UNITS =

.PHONY: check-units check-units-short
check-units:
	tests/deps.sh demo
	$(MAKE) all win $(B)/win$(BITS)/tools/launch.exe
	tests/demo/fetch.sh $(B)/demo-cache
	env -u MAKEFLAGS -u MFLAGS $(MAKE) -s -j"$$(nproc)" -f tests/demo/winetests.make LIST=tests/units/units \
		CC='$(UNITS_PREFIX_$(BITS))gcc' WINDRES='$(UNITS_PREFIX_$(BITS))windres' SOURCE=$(CURDIR)/$(B)/demo-cache/source \
		OUT=$(CURDIR)/$(UNITS_BIN) $(if $(UNITS),DLLS="$$(awk '!/^#/ && /[*]/ { print $$1 }' tests/units/units | xargs)")
	tests/wine/run tests/units/compare.py --bits $(BITS) $(UNITS) $(UNITS_BIN)
check-units-short:
	$(MAKE) check-units UNITS=--short
