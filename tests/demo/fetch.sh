#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Fetches Wine's source from the Debian archive that this machine uses and unpacks its tests.
#
# usage: tests/demo/fetch.sh CACHE
#
# Leaves CACHE/source/ and in it dlls/*/tests and the headers they need. Root is not needed. What is there already is not
# fetched again.
set -eu

cache=$(mkdir -p "$1" && cd "$1" && pwd)

# The version whose headers are installed, so that tests and headers belong together.
version()
{
    dpkg-query -W -f '${source:Version}' libwine-dev
}

unpack()
{
    rm -rf "$cache/source" "$cache/unpacking"
    mkdir "$cache/unpacking"
    tar -xf "$1" -C "$cache/unpacking" --strip-components=1 --wildcards '*/dlls/*/tests/*' '*/include/wine/*.h'
    mv "$cache/unpacking" "$cache/source"
    echo "$2" >"$cache/source/version"
}

main()
{
    wanted=$(version)
    if [ "$(cat "$cache/source/version" 2>/dev/null)" = "$wanted" ]; then
        echo "fetch: Wine $wanted is here already"
        return 0
    fi
    echo "fetch: the source of Wine $wanted (25 MB)"
    rm -rf "$cache/download"
    # An archive that has moved on since may hold another version: its tests mostly build as well.
    tests/source "$cache/download" libwine-dev >"$cache/fetch.log" 2>&1 || {
        tail -n 5 "$cache/fetch.log" >&2
        return 1
    }
    set -- "$cache"/download/*.orig.tar.?z
    unpack "$1" "$wanted"
    rm -rf "$cache/download"
}

main
