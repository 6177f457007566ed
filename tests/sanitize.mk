# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- sanitizers ----
# The tests again, with everything built by clang with a sanitizer in a folder of its own. The integration tests read
# the agent's reports; counts are smaller since it is slower, and what is said of its memory and size is skipped.
#: make asan         unit and integration tests under ASan and UBSan
#: make tsan         the tests of concurrency under TSan
SANITIZE_CC ?= clang
ASAN_MAKE = $(MAKE) --no-print-directory B=$(B)/asan CC='$(SANITIZE_CC)' OPT='-O1 -g' \
	SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer'
TSAN_MAKE = $(MAKE) --no-print-directory B=$(B)/tsan CC='$(SANITIZE_CC)' OPT='-O1 -g' \
	SANITIZE='-fsanitize=thread -fno-omit-frame-pointer'
TSAN_TESTS := $(wildcard tests/integration/test_load.py tests/integration/test_defects*.py \
	tests/integration/test_rpc_children.py tests/integration/test_rpc_private.py \
	tests/integration/test_rpc_upgrade.py tests/integration/test_bad_paths.py)

.PHONY: asan tsan tsan-integration
asan:
	tests/deps.sh fuzz
	+@$(ASAN_MAKE) unit; units=$$?; \
		PERISCOPE_SANITIZED=1 PERISCOPE_LOAD_PERCENT=20 $(ASAN_MAKE) integration && exit $$units
tsan:
	tests/deps.sh fuzz
	+@PERISCOPE_SANITIZED=1 PERISCOPE_LOAD_PERCENT=10 $(TSAN_MAKE) tsan-integration

# Without address randomisation: TSan does not find its place in the larger layouts of newer kernels.
tsan-integration: all
	setarch -R $(INTEGRATION_RUN) $(TSAN_TESTS)

#: make check-hostile-x   ten minutes before an X server that corrupts, is silent or ends, under ASan and UBSan
.PHONY: check-hostile-x hostile-x
check-hostile-x:
	tests/deps.sh fuzz
	+@PERISCOPE_SANITIZED=1 PERISCOPE_HOSTILE_SECONDS=600 $(ASAN_MAKE) hostile-x
hostile-x: all
	env PERISCOPED=$(abspath $(B))/periscoped tests/run --time-limit 900 tests/integration/test_x11_hostile.py
