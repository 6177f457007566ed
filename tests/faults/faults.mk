# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- every call fails once ----
# The agent is built in a folder of its own, without the checks of _FORTIFY_SOURCE: they are functions of other names.
#: make faults       let each allocation and system call of the agent fail once, in a script of all RPCs
#:                   (FAULTS="--share 5" plays a part of them; tests/faults/run tells more)
FAULTS ?=
.PHONY: faults faults-build
faults:
	tests/deps.sh tests
	+@$(MAKE) --no-print-directory B=$(B)/faults OPT='-Og -g -U_FORTIFY_SOURCE' faults-build
	B=$(B)/faults tests/faults/run $(FAULTS)

# What follows runs with $(B) as that set it.
faults-build: $(B)/periscoped $(B)/faults.so
$(B)/faults.so: tests/faults/faults.c tests/faults/calls.def
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) -std=gnu11 $(WARN) -O2 -g -fPIC -shared -iquote . -o $@ $< -ldl
