# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- mutants ----
#: make mutants      build plausible bugs in, each alone, and run the tests that must notice;
#:                   MUTANTS='NAME...' (wildcards) picks some, COUNT=N takes N of them by PERISCOPE_SEED,
#:                   JOBS=N tries as many at once (two for each processor)
.PHONY: mutants
mutants:
	tests/deps.sh check
	B='$(B)' CC='$(CC)' OPT='$(OPT)' tests/mutants/run $(if $(JOBS),--jobs $(JOBS)) $(if $(COUNT),--sample $(COUNT)) $(MUTANTS)
