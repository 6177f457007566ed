# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- the project's own small test, in the form of a Wine test ----
SAMPLE := $(wildcard tests/sample/*.c)
# It crashes and hangs on purpose: never with a sanitizer, which would have its own word on that.
$(B)/sample_test: override SANITIZE :=
$(B)/sample_test: $(call objects,$(SAMPLE))
	$(call say,LINK)
	$(Q)$(LINK) -o $@ $^ -lX11

.PHONY: sample
sample: $(B)/sample_test
integration programs check-web: $(B)/sample_test
