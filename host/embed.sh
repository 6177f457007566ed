#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Writes a C file that holds other files, as `const struct embedded NAME[]` of host/embedded.h.
#
# usage: host/embed.sh NAME FILE... > OUT.c
set -eu
export LC_ALL=C

name=$1
shift
echo "/* Made by host/embed.sh. */"
echo '#include "host/embedded.h"'
number=0
for file; do
    # A NUL follows, so that a text is a string too.
    echo "static const unsigned char bytes_${number}[] = {"
    od -An -v -t u1 "$file" | sed 's/  */,/g; s/^,//; s/$/,/'
    echo "0};"
    number=$((number + 1))
done
echo "extern const struct embedded ${name}[];"
echo "const struct embedded ${name}[] = {"
number=0
for file; do
    printf '    {"%s", bytes_%d, sizeof bytes_%d - 1},\n' "${file##*/}" "$number" "$number"
    number=$((number + 1))
done
echo "    {0, 0, 0},"
echo "};"
