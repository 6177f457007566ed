# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- demo ----
#: make demo         run real Wine tests through the agent, and through the one for Windows; leaves reports and pictures in
#:                   build/demo
.PHONY: demo
demo:
	tests/deps.sh build
	$(MAKE) all sample
	tests/demo/demo.sh
