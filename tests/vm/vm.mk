# SPDX-License-Identifier: LGPL-2.1-or-later
VM := $(B)/vm
# The version of the guest's kernel: this release's own without one.
KERNEL ?=
VM_CACHE = $(B)/vm-cache$(KERNEL:%=-%)
VM_ENV = VM_SHORT=$(VM_SHORT) KERNEL=$(KERNEL) VM=$(abspath $(VM)) VM_CACHE=$(abspath $(VM_CACHE)) PERISCOPED=$(abspath $(B))/periscoped DEB=$(abspath $(DEB))

$(VM)/kms_client: $(wildcard tests/vm/*.c tests/vm/*.h) Makefile config.mk
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -std=gnu11 -iquote . $(WARN) $(OPT) $(shell $(PKG_CONFIG) --cflags libdrm) -o $@ $(filter %.c,$^) $(shell $(PKG_CONFIG) --libs libdrm)

# The kernel is fetched once.
.PHONY: check-vm
#: make check-vm      tests in guests under QEMU, against what their display hardware and QEMU tell (10 minutes);
#:                   KERNEL=6.12 or newest takes another kernel than this release's; VM_SHORT=1 leaves out the way of a
#:                   whole Debian from its boot to a desktop that is ready and to its end, and records 12 screens, not 50
check-vm:
	tests/deps.sh vm
	$(MAKE) all deb $(VM)/kms_client $(B)/tests/tools/x11_client
	env $(VM_ENV) tests/vm/check $(filter-out %/test_desktops.py,$(wildcard tests/vm/test_*.py))

.PHONY: check-desktops
#: make check-desktops  the desktops of Debian 13 in a guest: sway, weston, lightdm, GNOME by gdm (10 minutes; 4 GB to fetch once)
check-desktops: KERNEL = 6.12
check-desktops:
	tests/deps.sh vm debian
	$(MAKE) all deb $(VM)/kms_client
	env $(VM_ENV) TIME_LIMIT=5400 tests/vm/check tests/vm/test_desktops.py
