# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- demo ----
#: make demo         run real Wine tests through the agent, and through the one for Windows; leaves reports and pictures in
#:                   build/demo, and ends with the address of a page that shows a guest live; demo-page: that alone
.PHONY: demo demo-page
demo:
	tests/deps.sh build
	$(MAKE) all sample
	tests/demo/demo.sh
demo-page:
	tests/deps.sh build
	$(MAKE) all sample
	tests/demo/demo.sh --page
