#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs real Wine tests through the agent and leaves their reports and a picture of the screen in build/demo/; then again
# through the agent for Windows, itself under Wine, in build/demo/windows/. Both are seen in a browser meanwhile: the
# pictures of that are build/demo/wall.png and page.png.
#
# usage: tests/demo/demo.sh [--own | --page]
#
# Fetches and builds the tests of tests/demo/units, starts an X server and an agent of its own, runs each DLL's units
# with `periscope test`, and meanwhile takes pictures as another client of the same agent. --own, and what happens
# without a network, runs the project's own small tests instead. --page only shows a guest in a browser, until Enter is
# pressed; with a terminal that comes at the end anyway. A unit that fails is a result; the exit status tells
# whether reports and pictures are there. Everything started is ended, whatever happens.
set -eu -o pipefail

readonly OUT=$PWD/build/demo CACHE=$PWD/build/demo-cache
readonly SCREEN=1024x768
readonly PERISCOPE=$PWD/build/periscope PERISCOPED=$PWD/build/periscoped GATEWAY=$PWD/build/periscope-gateway
readonly WINDOWS_AGENT=build/win64/periscoped.exe WINDOWS_TEST=build/win64/tools/bad_test.exe
readonly LIMIT_S=300 # for one executable with all its units

# Of the agent whose turn it is.
out=       # where its results go
started=() # process ids, ended in reverse order
options=() # of `periscope test`
missing=() # results that should be there
page=      # where it is shown in a browser
taker=     # the process that takes the pages' pictures

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

begin()
{
    out=$1
    shift
    options=("$@")
    missing=()
    mkdir -p "$out/log" "$out/work"
    start_screen
}

finish()
{
    local i
    [ -n "$out" ] || return 0
    touch "$out/stop"
    [ -d "$out/prefix" ] && timeout 20 wineserver -k >/dev/null 2>&1
    for ((i = ${#started[@]} - 1; i >= 0; i--)); do
        end "${started[i]}"
    done
    started=()
    wait || true
    rm -rf "$out/prefix" "$out/stop" "$out/work"
    out=
}

# Runs a command in the background with its output in a log, to be ended by finish.
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
    start "$out/log/xvfb.txt" sh -c "exec Xvfb -displayfd 3 -noreset -screen 0 ${SCREEN}x24 -nolisten tcp 3>'$out/work/display'"
    wait_for 15 test -s "$out/work/display" || die "the X server did not start: see $out/log/xvfb.txt"
    DISPLAY=:$(cat "$out/work/display")
    export DISPLAY
}

# A fresh Windows folder, and in it a desktop with a taskbar: the tests' windows then behave as on Windows, and there is
# something to see.
start_wine()
{
    export WINEPREFIX=$out/prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
    say "making a fresh Wine prefix"
    timeout 120 wineboot -i >"$out/log/wineboot.txt" 2>&1 || die "wineboot failed: see $out/log/wineboot.txt"
    printf '%s\n' 'REGEDIT4' '' '[HKEY_CURRENT_USER\Software\Wine\Explorer]' '"Desktop"="shell"' '' \
        '[HKEY_CURRENT_USER\Software\Wine\Explorer\Desktops]' "\"shell\"=\"$SCREEN\"" >"$out/work/desktop.reg"
    timeout 60 wine regedit /S "$out/work/desktop.reg" >>"$out/log/wineboot.txt" 2>&1 || die "regedit failed"
    start "$out/log/desktop.txt" wine explorer "/desktop=shell,$SCREEN"
    wait_for 30 desktop_is_drawn || die "Wine's desktop did not appear"
}

desktop_is_drawn() { xwininfo -root -tree | grep -q 'explorer.exe'; }

# $1: how to call it; then its command.
start_agent()
{
    local name=$1 log=$out/log/periscoped.txt
    shift
    start "$log" env -C "$out/work" "$@" --bind 127.0.0.1 0
    wait_for 60 grep -q READY "$log" || die "$name did not start: see $log"
    host=127.0.0.1:$(sed -n 's/.*READY port \([0-9]*\).*/\1/p' "$log")
    say "$name listens on $host, the screen is $DISPLAY"
}

# Takes pictures, two a second, until told to stop; keeps the one with the most to see, which is the largest file.
watch_screen()
{
    local best=0 size
    until [ -e "$out/stop" ]; do
        if "$PERISCOPE" screenshot "$host" "$out/work/now.png" >/dev/null 2>&1; then
            size=$(stat -c %s "$out/work/now.png")
            if ((size > best)); then
                best=$size
                mv "$out/work/now.png" "$out/screenshot.png"
            fi
        fi
        sleep 0.5
    done
}

# Shows the agent in a browser, at a port that is free. Fails where that can't be. $1: the guest's name.
start_gateway()
{
    local log=$out/log/gateway.txt port
    if [ ! -x "$GATEWAY" ]; then
        echo "SKIP demo-page: periscope-gateway is not built, since libwebsockets-dev is not installed"
        return 1
    fi
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    start "$log" "$GATEWAY" --listen "127.0.0.1:$port" --guest "$1 $host"
    wait_for 10 grep -q http: "$log" || die "the gateway did not start: see $log"
    page=http://127.0.0.1:$port/
}

# Takes pictures of the pages until told to stop. $1: the guest's name.
watch_page()
{
    start_gateway "$1" || return 0
    if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
        echo "SKIP demo-page: there is no chromium to take a picture of the page with"
        return 0
    fi
    start "$out/log/page.txt" nice -n 19 tests/web/take.py "$page" "$out/wall.png" "${page}guest/$1" "$out/page.png" \
        --until "$out/stop"
    taker=$!
    # A short test is over before a browser has started.
    wait_for 30 test -s "$out/page.png" || true
}

# $1: executable, $2: seconds for a unit, then the units. Exit status as `periscope test` gives it.
run_test()
{
    local executable=$1 limit=$2 name
    shift 2
    name=$(basename "${executable%_test*}")
    say "$name: $*"
    timeout -k 10 $LIMIT_S "$PERISCOPE" test "$host" "$executable" "$@" "${options[@]}" --time-limit "$limit" \
        --record --output "$out/$name" </dev/null || true
    for file in report.txt result.json junit.xml timeline.html; do
        [ -s "$out/$name/$file" ] || missing+=("$name/$file")
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

# Which tests there are: Wine's, or the project's own.
choose_tests()
{
    tests=own
    [ "${1-}" != --own ] || return 0
    if ! fetch; then
        echo "SKIP demo-wine: Wine's tests can't be had here, so the project's own small tests stand in"
        return 0
    fi
    build_tests
    tests=wine
}

# Builds the agent for Windows. Fails where it can't be built or run for want of a program.
have_windows()
{
    local program log=$OUT/log/windows-build.txt targets=("$WINDOWS_AGENT")
    for program in wine wineserver x86_64-w64-mingw32-gcc-win32; do
        command -v "$program" >/dev/null && continue
        echo "SKIP demo-windows: there is no $program"
        return 1
    done
    if [ $tests = own ]; then targets+=("$WINDOWS_TEST"); fi
    say "building the agent for Windows"
    env -u MAKEFLAGS -u MFLAGS make -s -j"$(nproc)" "${targets[@]}" >"$log" 2>&1 || {
        tail -n 20 "$log"
        die "the agent for Windows can't be built: see $log"
    }
}

# $1: whose results they are.
report()
{
    touch "$out/stop"
    ((${#missing[@]} == 0)) || die "not there: ${missing[*]}"
    [ -s "$out/screenshot.png" ] || die "there is no picture"
    tests/demo/summary.py "$1" "$out"
    say "reports: $out/*/report.txt, result.json and junit.xml"
    say "what was on the screen meanwhile: $out/*/timeline.html"
    say "picture: $out/screenshot.png"
    report_page
}

# The last pictures of the pages are taken when all is done.
report_page()
{
    [ -e "$out/log/page.txt" ] || return 0
    wait_for 60 gone "$taker" || true
    [ -s "$out/page.png" ] || die "there is no picture of the page: see $out/log/page.txt"
    say "in a browser: $out/wall.png and $out/page.png"
}

demo_linux()
{
    if [ $tests = wine ]; then
        begin "$OUT" --runner wine
        start_wine
    else
        begin "$OUT" --runner none
    fi
    start_agent "the agent" "$PERISCOPED"
    watch_screen &
    watch_page linux
    if [ $tests = wine ]; then run_wine_tests; else run_test build/sample_test 30 draw; fi
    report "the agent"
    finish
}

# To the agent the guest is Windows; the tests must know that it is Wine, since they have other expectations there. Wine's
# minidumps take seconds.
demo_windows()
{
    begin "$OUT/windows" --env WINETEST_PLATFORM=wine --dump-time 20
    start_wine
    cp "$WINDOWS_AGENT" "$out/work/periscoped.exe"
    start_agent "the agent for Windows" wine periscoped.exe
    watch_screen &
    watch_page windows
    if [ $tests = wine ]; then run_wine_tests; else run_test "$WINDOWS_TEST" 10 pass dialog; fi
    report "the agent for Windows"
    finish
}

# A guest of its own, with a window in it, for whoever wants to look: until Enter, or the end of standard input.
demo_page()
{
    begin "$OUT/live"
    start_agent "the agent" "$PERISCOPED"
    if start_gateway guest; then
        start "$out/log/draw.txt" env SAMPLE_SECONDS=86400 build/sample_test draw
        say "open $page in a browser; Enter ends it"
        read -r _ || true
    fi
    finish
}

main()
{
    trap finish EXIT
    trap 'exit 130' INT TERM
    if [ "${1-}" = --page ]; then
        demo_page
        return 0
    fi
    choose_tests "$@"
    rm -rf "$OUT"
    demo_linux
    if have_windows; then demo_windows; fi
    if [ -t 0 ] && [ -t 1 ]; then
        demo_page
    elif [ -n "$page" ]; then
        say "to open the page: make demo-page, which prints its address"
    fi
}

main "$@"
