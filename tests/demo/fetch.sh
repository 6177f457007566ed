#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Fetches Wine's source from the Debian archive that this machine uses and unpacks its tests.
#
# usage: tests/demo/fetch.sh CACHE
#
# Leaves CACHE/source/ and in it dlls/*/tests and the headers they need. Everything that apt writes is below CACHE too:
# nothing under /etc or /var changes, and root is not needed. What is there already is not fetched again.
set -eu

cache=$(mkdir -p "$1" && cd "$1" && pwd)
apt=$cache/apt

# "URI SUITE" of the archive that has the packages of version $1, or of the first that has another.
archive()
{
    apt-cache madison libwine-dev | awk -v version="$1" '$3 == version || NR == 1 { uri = $5; suite = $6 }
        END { sub("/.*", "", suite); if (suite) print uri, suite }'
}

# apt-get with a list of sources, indexes and a cache of our own.
own_apt_get()
{
    timeout 600 apt-get -q -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt" -o APT::Sandbox::User="$(id -un)" \
        -o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::http::Timeout=30 "$@"
}

# The version whose headers are installed, so that tests and headers belong together.
version()
{
    dpkg-query -W -f '${source:Version}' libwine-dev
}

download()
{
    from=$(archive "$1")
    if [ -z "$from" ]; then
        echo "fetch: apt knows no archive with Wine here" >&2
        return 1
    fi
    rm -rf "$apt" "$cache/download"
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$cache/download"
    echo "deb-src $from main" >"$apt/sources.list"
    own_apt_get -o APT::Update::Error-Mode=any update || return 1
    cd "$cache/download" || return 1
    # An archive that has moved on since may hold another version of the package: its tests mostly build as well.
    own_apt_get source --download-only --tar-only "wine=$1" || own_apt_get source --download-only --tar-only wine
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
    (download "$wanted") >"$cache/fetch.log" 2>&1 || {
        tail -n 5 "$cache/fetch.log" >&2
        return 1
    }
    set -- "$cache"/download/*.orig.tar.?z
    unpack "$1" "$wanted"
    rm -rf "$apt" "$cache/download"
}

main
