# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- the gateway's pages ----
#: make check-web    the gateway's pages in Chromium: with a gateway without guests, and with real agents
.PHONY: check-web
check-web: all sample $(B)/tests/tools/x11_client
	tests/deps.sh web
	$(subst --time-limit 300,--time-limit 600,$(INTEGRATION_RUN)) $(wildcard tests/web/test_*.py)

#: make check-viewers 20 pages and 200 guests, one page of which does not read; 10 000 malformed frames; the wake-ups of three still
#:                   minutes, as strace sees them (four minutes)
.PHONY: check-viewers
check-viewers: all
	tests/web/viewers_long.py
	PERISCOPE_IDLE_S=60 tests/web/test_idle.py
	PERISCOPE_FRAMES=10000 tests/web/test_access.py frames_that_are_none_cost_nothing_lasting

#: make pictures     take the pictures of the pages that are in README and docs, anew
.PHONY: pictures
pictures: all
	tests/deps.sh pictures
	tests/web/pictures.py docs/pictures
