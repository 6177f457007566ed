# SPDX-License-Identifier: LGPL-2.1-or-later
# ---- lint ----
#: make lint         check rooms, sizes, words, format, scripts and pages; build with gcc and clang, taking no warning
#: make format       lay out the C source as .clang-format says
.PHONY: lint format
lint:
	tests/deps.sh lint
	tests/run --time-limit 300 $(wildcard tests/lint/lint_*)
format:
	clang-format -i $$(git ls-files --cached --others --exclude-standard '*.c' '*.h')
