#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds everything with gcc and with clang, each into a folder of its own, and takes no warning. Then it looks at what
# was linked.
set -u

failed=0
for compiler in gcc clang; do
    if ! command -v "$compiler" >/dev/null; then
        echo "SKIP lint-$compiler: there is no $compiler here"
        continue
    fi
    # Not a make of the one that called us: its flags and jobs are its own.
    output=$(env -u MAKEFLAGS -u MFLAGS make -s -j"$(nproc)" B="build/lint/$compiler" CC="$compiler" OPT=-O2 CFLAGS=-Werror \
        programs 2>&1) && result=0 || result=$?
    if [ "$result" -eq 0 ]; then
        echo "ok lint-$compiler"
        tests/lint/binaries.py "build/lint/$compiler" "binaries-$compiler" || failed=1
    else
        echo "$output" | grep -E 'error|warning|Error' | head -n 20 | sed 's/^/# /'
        echo "FAIL lint-$compiler: the build has warnings or fails"
        failed=1
    fi
done
exit $failed
