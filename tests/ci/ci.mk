# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- check ----
#: make check        install what is missing, build, and run all tests: unit, integration, a part of the faults,
#:                   what the Windows agent imports, a short run of each fuzzer
.PHONY: check
check:
	tests/deps.sh check mingw
	$(MAKE) programs
	+tests/ci/stages.sh check

#: make check-debian  build, test and lint in another release of Debian: SUITE (trixie)
SUITE ?= trixie
.PHONY: check-debian
check-debian:
	tests/deps.sh debian
	tests/ci/debian $(SUITE)
