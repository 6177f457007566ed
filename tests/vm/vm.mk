# SPDX-License-Identifier: LGPL-2.1-or-later
VM := $(B)/tests/vm
VM_CACHE := $(B)/vm-cache

$(VM)/kms_client: tests/vm/kms_client.c Makefile config.mk
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -std=gnu11 $(WARN) $(OPT) $(shell $(PKG_CONFIG) --cflags libdrm) -o $@ $< $(shell $(PKG_CONFIG) --libs libdrm)

# The kernel is fetched once. A guest has a processor to itself.
.PHONY: check-vm
#: make check-vm      tests in guests under QEMU, against what their display hardware and QEMU tell (10 minutes)
check-vm:
	tests/deps.sh vm
	$(MAKE) all $(VM)/kms_client
	tests/vm/fetch $(abspath $(VM_CACHE))
	env VM=$(abspath $(VM)) VM_CACHE=$(abspath $(VM_CACHE)) PERISCOPED=$(abspath $(B))/periscoped \
		tests/run --time-limit 600 --jobs 1 $(wildcard tests/vm/test_*.py)
	@cat $(VM)/table
