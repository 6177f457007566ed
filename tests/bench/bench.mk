# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- bench ----
#: make bench        measure pictures, transfers and pings against other tools on one screen, and pictures in a guest and under Wine; writes build/bench.json, bench-guest.json and bench-wine.json
BENCHES := $(patsubst tests/bench/%.c,$(B)/tests/bench/%,$(wildcard tests/bench/*.c))
$(B)/tests/bench/%: $(OBJ)/tests/bench/%.o $(UNIT_LIBRARY)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(LINK) -o $@ $^ -lz -lm $(LIBDRM)
programs: $(BENCHES)

# A peer for the encoder, where there is a checkout of it.
PEER := $(if $(FPNGE),$(B)/tests/bench/fpnge_peer)

#: make bench-encoder the encoder alone, on five drawn screens: times and sizes in one run, and callgrind's instructions beside
#:                   the committed ones; PNG_PEER=program reads a PPM and writes a PNG, and is measured, too; so is
#:                   FPNGE=folder, a checkout of fpnge
.PHONY: bench-encoder
bench-encoder:
	tests/deps.sh encoder
	$(MAKE) $(BENCHES) $(PEER)
	tests/bench/bench_encoder.py --build $(B)

ifdef FPNGE
bench bench-encoder: export PNG_PEER := $(PEER)
$(PEER): tests/bench/fpnge_peer.cc $(FPNGE)/fpnge.cc
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) -O3 -w -mavx2 -mbmi2 -mpclmul -mlzcnt -I $(FPNGE) -o $@ $^
endif

.PHONY: bench
bench:
	tests/deps.sh bench
	$(MAKE) all $(BENCHES)
	tests/bench/bench.py --build $(B)
	tests/deps.sh vm
	$(MAKE) $(VM)/kms_client
	env $(VM_ENV) tests/vm/bench $(B)/bench-guest.json
	tests/deps.sh win
	$(MAKE) $(B)/win64/periscoped.exe $(WIN_TOOLS:%=$(B)/win64/tools/%.exe)
	tests/wine/run tests/wine/bench.py $(B)/bench-wine.json

#: make bench-files   files and trees, in memory and on a disk: a plain sendfile(2) copy and tar in the same run; RUNS=5
.PHONY: bench-files
bench-files:
	tests/deps.sh build
	$(MAKE) all $(BENCHES)
	tests/bench/bench_files.py --build $(B) --runs $(or $(RUNS),5)

#: make bench-streams  a program's output through the agent, against a plain socket; GB=10
.PHONY: bench-streams
bench-streams: all
	tests/bench/streams $(GB)

#: make bench-execs     programs a minute of one host, with and without a journal; COUNT=10000
.PHONY: bench-execs
bench-execs: all
	tests/bench/execs $(COUNT)

#: make bench-live     what it costs a guest to be watched live: 30 tiles a second, and whole screens
.PHONY: bench-live
bench-live:
	tests/deps.sh encoder
	$(MAKE) all $(BENCHES) $(B)/tests/tools/x11_client
	tests/bench/live.py --build $(B)
