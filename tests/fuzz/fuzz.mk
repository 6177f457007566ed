# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- fuzz ----
# Every tests/fuzz/fuzz_*.c is a fuzzer: it has LLVMFuzzerTestOneInput and links what it uses of everything but the
# programs' own main(), built by clang with its fuzzer, ASan and UBSan in $(B)/fuzz. tests/fuzz/run tells what stands
# beside it.
#: make fuzz         run each fuzzer for FUZZ_SECONDS (10); with -j2, two at a time
FUZZ_SECONDS ?= 10
FUZZ_CC ?= clang
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: fuzz fuzz-build fuzz-seeds fuzz-run
fuzz:
	tests/deps.sh fuzz
	+@$(MAKE) --no-print-directory B=$(B)/fuzz CC='$(FUZZ_CC)' OPT='-O1 -g -fno-omit-frame-pointer' \
		SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' fuzz-build
	+@$(MAKE) --no-print-directory --keep-going B=$(B)/fuzz fuzz-run

# What follows runs with $(B) as those set it.
fuzz-build: $(FUZZERS:%=$(B)/%)
$(FUZZERS:%=$(B)/%): $(B)/%: $(OBJ)/tests/fuzz/%.o $(UNIT_LIBRARY)
	$(call say,LINK)
	$(Q)$(LINK) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter-out %.o,$^) -lz -lm $(LIBDRM)

fuzz-run: $(FUZZERS:%=fuzz-run-%)
fuzz-seeds:
	@tests/fuzz/seeds.py $(B)/seeds
fuzz-run-%: fuzz-seeds
	@mkdir -p $(B)/work/$*
	@[ ! -d $(B)/seeds/$* ] || ln -sfn ../../seeds/$* $(B)/work/$*/seeds
	@tests/fuzz/run $(FUZZ_SECONDS) $(B)/$* $(B)/work/$*
