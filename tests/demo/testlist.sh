#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints the C file that makes one test executable of the Wine test units named.
set -eu

echo '#define STANDALONE'
echo '#define WIN32_LEAN_AND_MEAN'
echo '#include <windows.h>'
echo '#include "wine/test.h"'
for unit; do echo "extern void func_$unit(void);"; done
echo 'const struct test winetest_testlist[] = {'
for unit; do echo "    { \"$unit\", func_$unit },"; done
echo '    { 0, 0 }'
echo '};'
