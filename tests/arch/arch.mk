# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- other machines ----
#: make check-arch   unit tests built for ARCHES (aarch64 s390x i386 armhf musl) and run under qemu-user
ARCHES ?= aarch64 s390x i386 armhf musl
.PHONY: check-arch arch-programs
check-arch:
	tests/deps.sh arch
	tests/arch/check $(B) $(ARCHES)

# What is built for each of them.
arch-programs: all $(UNIT)
