#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs stages one after the other, each under a time limit and with its output in build/stages/NAME.log, and closes with
# the sum of what they counted: "N passed, N failed, N skipped".
#
# usage: tests/ci/stages.sh check|ci
#
# A stage counts in its lines of that form, or else by its lines "ok ...", "FAIL ..." and "SKIP ...". One without either
# is itself one test; one that ends with another status than 0 though it counted no failure is a failure. The next stages
# run all the same.
set -u -o pipefail

LOGS=build/stages
total=(0 0 0)
beside=() # stages that run in the background
TIMEFORMAT='%U + %S'

# $1: name, $2: seconds, then the command.
stage()
{
    local name=$1 limit=$2 log=$LOGS/$1.log start=$SECONDS status
    shift 2
    printf '\n==> %s: %s\n' "$name" "$*"
    { time timeout -k 10 "$limit" "$@" 2>&1 </dev/null; } 2>"$log.time" | tee "$log"
    status=${PIPESTATUS[0]}
    [ "$status" -ne 124 ] || printf 'FAIL %s: still running after %s s\n' "$name" "$limit" | tee -a "$log"
    add_up "$name" "$status" $((SECONDS - start))
}

# Runs a stage that only computes, and can't be led astray by others that run at the same time, with what they leave of
# the processors: most tests wait more than they compute.
stage_beside()
{
    local name=$1 limit=$2 log=$LOGS/$1.log
    shift 2
    printf '\n==> %s, beside the next: %s\n' "$name" "$*"
    (
        start=$SECONDS
        { time nice -n 19 timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null; } 2>"$log.time"
        status=$?
        [ "$status" -ne 124 ] || printf 'FAIL %s: still running after %s s\n' "$name" "$limit" >>"$log"
        echo "$status $((SECONDS - start))" >"$log.end"
    ) &
    beside+=("$name $!")
}

# Waits for those that run beside, and sums them up.
join()
{
    local name pid status seconds
    for stage in "${beside[@]}"; do
        read -r name pid <<<"$stage"
        wait "$pid"
        read -r status seconds <"$LOGS/$name.log.end"
        printf '\n==> %s, which ran beside\n' "$name"
        cat "$LOGS/$name.log"
        add_up "$name" "$status" "$seconds"
        rm "$LOGS/$name.log.end"
    done
    beside=()
}

# $1: name, $2: exit status, $3: seconds
add_up()
{
    local counts
    read -r -a counts < <(count "$LOGS/$1.log" "$2")
    for i in 0 1 2; do total[i]=$((total[i] + counts[i])); done
    printf '<== %s: %s passed, %s failed, %s skipped (%s s, of processors %s s)\n' "$1" "${counts[@]}" "$3" \
        "$(cat "$LOGS/$1.log.time")"
}

# "passed failed skipped" of a stage.
count()
{
    awk -v status="$2" '
        /^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { passed += $1; failed += $3; skipped += $5; summed = 1 }
        /^ok / { ok++ }
        /^FAIL / { wrong++ }
        /^SKIP / { unable++ }
        END {
            if (!summed) { passed = ok; failed = wrong; skipped = unable }
            if (status != 0 && !failed) failed++
            else if (!passed && !failed && !skipped) passed++
            print passed + 0, failed + 0, skipped + 0
        }' "$1"
}

check()
{
    export TESTS_SLOW=3 # for a machine with other work
    stage unit 300 make unit
    stage integration 800 make integration
    stage faults 300 make -j"$(nproc)" faults FAULTS="--share 3"
    stage imports 300 make -j"$(nproc)" check-imports
    stage fuzz 480 make -j"$(nproc)" fuzz FUZZ_SECONDS=5
}

ci()
{
    stage install 900 tests/deps.sh build check lint fuzz demo win vm debian arch web
    stage build 300 make -j"$(nproc)" CFLAGS=-Werror programs
    stage unit 300 make unit CFLAGS=-Werror
    # Stages run beside each other, and the one that gives way may get little of the processors. Its limit is that of all
    # that run meanwhile.
    export TESTS_SLOW=3
    stage_beside lint 2400 make lint
    export TESTS_RUN_AGAIN=3
    stage integration 800 make integration CFLAGS=-Werror
    stage web 600 make check-web CFLAGS=-Werror
    # A guest has one processor, and takes most of the time.
    stage_beside debian 3000 tests/ci/debian trixie
    stage_beside arch 3000 make check-arch ARCHES="s390x i386 musl"
    stage_beside fuzz 3000 make fuzz FUZZ_SECONDS=10
    stage vm 2400 make check-vm VM_SHORT=1 CFLAGS=-Werror
    join
    export TESTS_RUN_AGAIN=0
    stage faults 600 make -j"$(nproc)" faults CFLAGS=-Werror FAULTS="--share 15"
    export TESTS_RUN_AGAIN=3
    stage asan 1400 make -j"$(nproc)" asan
    stage tsan 900 make -j"$(nproc)" tsan
    stage win 1400 make -j"$(nproc)" check-win CFLAGS=-Werror WIN_CFLAGS=-Werror
    export TESTS_RUN_AGAIN=0 TESTS_SLOW=1
    stage anchors 120 tests/mutants/run --check
    stage mutants 900 make mutants COUNT=45
    stage demo 600 make demo CFLAGS=-Werror
    stage timeline 120 tests/web/test_timeline.py a_wine_test_that_failed_shows_what_it_waited_for_in_each_way
    export TESTS_RUN_AGAIN=3
    stage units 300 make check-units-short
    flaky_are_few
}

# One test in thousands may fail once, and is told: TESTS_RUN_AGAIN. Several are a fault.
flaky_are_few()
{
    local flaky
    flaky=$(cat "$LOGS"/*.log | grep -cE '^ *FLAKY ')
    [ "$flaky" -gt 3 ] || return 0
    echo "FAIL flaky: $flaky tests passed in their second run only"
    total[1]=$((total[1] + 1))
}

main()
{
    rm -rf "$LOGS"
    mkdir -p "$LOGS"
    "$1"
    # Once more what went wrong, where it can be seen.
    grep -hE '^ *(FAIL|FLAKY|SKIP) ' "$LOGS"/*.log | sed 's/^ *//' | sort -u
    printf '%s passed, %s failed, %s skipped\n' "${total[@]}"
    [ "${total[1]}" -eq 0 ] && [ "${total[0]}" -gt 0 ]
}

case ${1-} in
check | ci) main "$1" ;;
*)
    echo "usage: tests/ci/stages.sh check|ci" >&2
    exit 2
    ;;
esac
