/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that are started with arguments, dumped and killed. Each is the executable itself. */
#include "agent/selftest/selftest.h"
#include "agent/worker/answer.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/process.h"
#include "platform/scratch.h"
#include "platform/upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHILD_STATUS 77
#define CHILD_MS 20000
#define SLEEP_MS 120000 /* of a child that is killed long before */
#define POLL_MS 10
#define DUMP_MS 20000
#define OUTPUT_MAX 65536 /* bytes */

/* Arguments that are easily quoted wrong. */
static const char *const arguments[] = {
    "plain", "two words", "", "tail\\", "\\\\\"quoted\" \\", "%PATH%", "*", "a&b|c^d", "\xe6\x97\xa5\xe6\x9c\xac"};
#define ARGUMENT_COUNT (sizeof arguments / sizeof arguments[0])

int selftest_child(int argc, char **argv)
{
    if (argc < 1)
        return 1;
    if (strcmp(argv[0], "sleep") == 0)
        os_sleep_ms(SLEEP_MS);
    for (int i = 1; i < argc; i++)
        puts(argv[i]);
    return CHILD_STATUS;
}

/* ---- one ---- */

/* Starts a child that does `what`, with its standard output in the file `output`, or in no file when that is NULL. */
static int selftest_start(struct os_process **out, const char *what, const char *output, struct error *err)
{
    struct buffer self;
    const char *argv[ARGUMENT_COUNT + 4] = {NULL, SELFTEST_CHILD, what};
    memcpy(argv + 3, arguments, sizeof arguments);
    buffer_init(&self, 65536);
    int status = os_self_path(&self, err);
    if (status == 0) {
        argv[0] = (const char *)self.data;
        struct os_process_spec spec = {.argv = argv, .out = output, .report_exec_failure = true};
        status = os_process_spawn(out, &spec, err);
    }
    buffer_deinit(&self);
    return status;
}

static bool ended_by(struct os_process *process, int64_t deadline_ms, uint32_t *status)
{
    while (!os_process_poll(process, status)) {
        if (os_time_left(deadline_ms) == 0)
            return false;
        os_sleep_ms(POLL_MS);
    }
    return true;
}

static void kill_and_free(struct os_process *process)
{
    struct strlist killed = {0};
    (void)os_process_kill_tree(process, 0, &killed, NULL);
    strlist_deinit(&killed);
    os_process_free(process);
}

/* ---- its arguments, its output and its status ---- */

static int selftest_read_output(const char *path, struct buffer *out, struct error *err)
{
    int status = os_file_read_whole(path, out, err);
    size_t kept = 0;
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] != '\r') /* part of a line's end on Windows */
            out->data[kept++] = out->data[i];
    out->len = kept;
    return status;
}

static int compare_output(const char *path, struct error *err)
{
    struct buffer received, expected;
    buffer_init(&received, OUTPUT_MAX);
    buffer_init(&expected, OUTPUT_MAX);
    for (size_t i = 0; i < ARGUMENT_COUNT; i++)
        buffer_printf(&expected, "%s\n", arguments[i]);
    int status = selftest_read_output(path, &received, err);
    if (status == 0 &&
        (received.failed || received.len != expected.len || memcmp(received.data, expected.data, expected.len) != 0))
        status = error_set(err, ERR_INVALID, "its arguments arrived as %zu bytes, which are not the %zu sent: %.*s",
                           received.len, expected.len, (int)(received.len < 1000 ? received.len : 1000),
                           (const char *)received.data);
    buffer_deinit(&received);
    buffer_deinit(&expected);
    return status;
}

static int run_one(const char *path, struct error *err)
{
    struct os_process *process;
    uint32_t word;
    int status = selftest_start(&process, "tell", path, err);
    if (status)
        return status;
    if (!ended_by(process, os_deadline(CHILD_MS), &word))
        status = error_set(err, ERR_TIMEOUT, "a program that should end at once did not within %d ms", CHILD_MS);
    else if (os_process_lost(process, err))
        status = err->status;
    else if (word != CHILD_STATUS && word != CHILD_STATUS << 8) /* the latter in the form of wait(2) */
        status = error_set(err, ERR_INVALID, "its status is 0x%08lx, not %d", (unsigned long)word, CHILD_STATUS);
    kill_and_free(process);
    return status ? status : compare_output(path, err);
}

static void try_run(struct findings *findings)
{
    char *path;
    struct error err;
    int status = os_scratch_make(&path, &err);
    if (status == 0) {
        status = run_one(path, &err);
        os_scratch_remove(path);
    }
    findings_add(findings, status ? FINDING_FAIL : FINDING_PASS, "run", "%s",
                 status ? err.text : "a program got its arguments, wrote to its file, and its status came back");
}

/* ---- one that does not end ---- */

static void try_dump(struct findings *findings, struct worker_pool *workers, struct os_process *process)
{
    struct buffer list;
    struct error err;
    buffer_init(&list, WIRE_REPLY_MAX);
    int status = worker_pool_dump(workers, os_process_pid(process), NULL, DUMP_MS, &list, &err);
    struct slice file = {0};
    if (status == 0)
        file = answer_file(&list);
    bool good = status == 0 && file.len > 4 && memcmp(file.data, "MDMP", 4) == 0;
    if (good)
        findings_add(findings, FINDING_PASS, "dump", "a minidump of %zu bytes", file.len);
    else
        findings_add(findings, status == ERR_UNAVAILABLE ? FINDING_SKIP : FINDING_FAIL, "dump", "%s",
                     status ? err.text : "the answer is not a minidump");
    buffer_deinit(&list);
}

static void try_kill(struct findings *findings, struct os_process *process)
{
    struct strlist killed = {0};
    struct buffer names;
    struct error err;
    uint32_t word;
    buffer_init(&names, ERROR_LIST_MAX);
    int status = os_process_kill_tree(process, 0, &killed, &err);
    if (status == 0 && !ended_by(process, os_deadline(CHILD_MS), &word))
        status = error_set(&err, ERR_TIMEOUT, "it was ended and still runs after %d ms", CHILD_MS);
    for (size_t i = 0; i < killed.count; i++)
        buffer_printf(&names, "%s%s", i ? ", " : "", killed.items[i]);
    buffer_append(&names, "", 1);
    if (status)
        findings_add(findings, FINDING_FAIL, "kill", "%s", err.text);
    else
        findings_add(findings, killed.count ? FINDING_PASS : FINDING_FAIL, "kill", "ended: %s",
                     killed.count && names.data ? (char *)names.data : "nothing");
    buffer_deinit(&names);
    strlist_deinit(&killed);
}

static void selftest_child_changed(void *context)
{
    (void)context; /* each wait here polls */
}

void selftest_programs(struct findings *findings, struct worker_pool *workers)
{
    struct os_process *process;
    struct error err;
    if (os_process_watch(selftest_child_changed, NULL, &err)) {
        findings_add(findings, FINDING_FAIL, "run", "%s", err.text);
        return;
    }
    try_run(findings);
    if (selftest_start(&process, "sleep", NULL, &err)) {
        findings_add(findings, FINDING_FAIL, "kill", "%s", err.text);
        return;
    }
    try_dump(findings, workers, process);
    try_kill(findings, process);
    kill_and_free(process);
}
