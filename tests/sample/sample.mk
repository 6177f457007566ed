# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- the project's own small test, in the form of a Wine test ----
SAMPLE := $(wildcard tests/sample/*.c)
$(B)/sample_test: $(call objects,$(SAMPLE))
	$(call say,LINK)
	$(Q)$(LINK) -o $@ $^ -lX11

.PHONY: sample
sample: $(B)/sample_test
integration programs: $(B)/sample_test
