#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs real Wine tests through the agent and leaves their reports and a picture of the screen in build/demo/.
#
# usage: tests/demo/demo.sh [--own]
#
# Fetches and builds the tests of tests/demo/units, starts an X server and an agent of its own, runs each DLL's units
# with `periscope test`, and meanwhile takes pictures as another client of the same agent. --own, and what happens
# without a network, runs the project's own small test instead. A unit that fails is a result; the exit status tells
# whether reports and picture are there. Everything started is ended, whatever happens.
set -eu -o pipefail

readonly OUT=$PWD/build/demo CACHE=$PWD/build/demo-cache
readonly SCREEN=1024x768
readonly PERISCOPE=$PWD/build/periscope PERISCOPED=$PWD/build/periscoped
readonly LIMIT_S=300 # for one executable with all its units

started=() # process ids, ended in reverse order
runner=wine

say() { printf '%s\n' "demo: $*"; }
die() { say "$*" >&2; exit 1; }

# Waits until the command succeeds, for at most $1 seconds.
wait_for()
{
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# Ends a process of ours, which may take its time for 5 s.
end()
{
    kill "$1" 2>/dev/null || return 0
    wait_for 5 gone "$1" || kill -KILL "$1" 2>/dev/null || true
}
gone() { ! kill -0 "$1"; }

cleanup()
{
    local i
    trap - EXIT INT TERM
    touch "$OUT/stop"
    [ -d "$OUT/prefix" ] && timeout 20 wineserver -k >/dev/null 2>&1
    for ((i = ${#started[@]} - 1; i >= 0; i--)); do
        end "${started[i]}"
    done
    wait || true
    rm -rf "$OUT/prefix" "$OUT/stop" "$OUT/work"
}

# Runs a command in the background with its output in a log, to be ended with the demo.
start()
{
    local log=$1
    shift
    "$@" </dev/null >"$log" 2>&1 &
    started+=($!)
}

start_screen()
{
    # Xvfb finds a free display number and writes it where -displayfd says.
    start "$OUT/log/xvfb.txt" sh -c "exec Xvfb -displayfd 3 -noreset -screen 0 ${SCREEN}x24 -nolisten tcp 3>'$OUT/work/display'"
    wait_for 15 test -s "$OUT/work/display" || die "the X server did not start: see $OUT/log/xvfb.txt"
    DISPLAY=:$(cat "$OUT/work/display")
    export DISPLAY
}

# A fresh Windows folder, and in it a desktop with a taskbar: the tests' windows then behave as on Windows, and there is
# something to see.
start_wine()
{
    export WINEPREFIX=$OUT/prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
    say "making a fresh Wine prefix"
    timeout 120 wineboot -i >"$OUT/log/wineboot.txt" 2>&1 || die "wineboot failed: see $OUT/log/wineboot.txt"
    printf '%s\n' 'REGEDIT4' '' '[HKEY_CURRENT_USER\Software\Wine\Explorer]' '"Desktop"="shell"' '' \
        '[HKEY_CURRENT_USER\Software\Wine\Explorer\Desktops]' "\"shell\"=\"$SCREEN\"" >"$OUT/work/desktop.reg"
    timeout 60 wine regedit /S "$OUT/work/desktop.reg" >>"$OUT/log/wineboot.txt" 2>&1 || die "regedit failed"
    start "$OUT/log/desktop.txt" wine explorer "/desktop=shell,$SCREEN"
    wait_for 30 desktop_is_drawn || die "Wine's desktop did not appear"
}

desktop_is_drawn() { xwininfo -root -tree | grep -q 'explorer.exe'; }

start_agent()
{
    start "$OUT/log/periscoped.txt" "$PERISCOPED" --bind 127.0.0.1 --workdir "$OUT/work" 0
    wait_for 15 grep -q READY "$OUT/log/periscoped.txt" || die "the agent did not start: see $OUT/log/periscoped.txt"
    host=127.0.0.1:$(sed -n 's/.*READY port //p' "$OUT/log/periscoped.txt")
    say "the agent listens on $host, the screen is $DISPLAY"
}

# Takes pictures, two a second, until told to stop; keeps the one with the most to see, which is the largest file.
watch_screen()
{
    local best=0 size
    until [ -e "$OUT/stop" ]; do
        if "$PERISCOPE" screenshot "$host" "$OUT/work/now.png" >/dev/null 2>&1; then
            size=$(stat -c %s "$OUT/work/now.png")
            if ((size > best)); then
                best=$size
                mv "$OUT/work/now.png" "$OUT/screenshot.png"
            fi
        fi
        sleep 0.5
    done
}

# $1: executable, $2: seconds for a unit, then the units. Exit status as `periscope test` gives it.
run_test()
{
    local executable=$1 limit=$2 name
    shift 2
    name=$(basename "${executable%_test*}")
    say "$name: $*"
    timeout -k 10 $LIMIT_S "$PERISCOPE" test "$host" "$executable" "$@" --runner "$runner" --time-limit "$limit" \
        --output "$OUT/$name" </dev/null || true
    for file in report.txt result.json junit.xml; do
        [ -s "$OUT/$name/$file" ] || missing+=("$name/$file")
    done
}

run_wine_tests()
{
    local dll limit units
    while read -r dll limit units <&3; do
        # shellcheck disable=SC2086 # the list of units
        run_test "$CACHE/bin/${dll}_test.exe" "$limit" $units
    done 3< <(grep -v '^#' tests/demo/units)
}

fetch() { tests/deps.sh demo && tests/demo/fetch.sh "$CACHE"; }

# Not as part of the make that may have called us: its CC and CFLAGS are not those of a Windows program.
build_tests()
{
    say "building the tests"
    env -u MAKEFLAGS -u MFLAGS make -s -j"$(nproc)" -f tests/demo/winetests.make SOURCE="$CACHE/source" \
        OUT="$CACHE/bin" >"$CACHE/build.log" 2>&1 || {
        tail -n 20 "$CACHE/build.log"
        die "Wine's tests can't be built: see $CACHE/build.log"
    }
}

choose_tests()
{
    if [ "${1-}" = --own ]; then
        runner=none
    elif ! fetch; then
        echo "SKIP demo-wine: Wine's tests can't be had here, so the project's own small test stands in"
        runner=none
    else
        build_tests
    fi
}

report()
{
    ((${#missing[@]} == 0)) || die "not there: ${missing[*]}"
    [ -s "$OUT/screenshot.png" ] || die "there is no picture"
    tests/demo/summary.py "$OUT"
    say "reports: $OUT/*/report.txt, result.json and junit.xml"
    say "picture: $OUT/screenshot.png"
}

main()
{
    choose_tests "$@"
    rm -rf "$OUT"
    mkdir -p "$OUT/log" "$OUT/work"
    missing=()
    trap cleanup EXIT
    trap 'exit 130' INT TERM
    start_screen
    if [ $runner = wine ]; then start_wine; fi
    start_agent
    watch_screen &
    if [ $runner = wine ]; then run_wine_tests; else run_test build/sample_test 30 draw; fi
    touch "$OUT/stop"
    report
}

main "$@"
