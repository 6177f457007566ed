/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fetches and keeps evidence of a unit that did not end: what it seems to wait for, its processes and windows, and
 * minidumps. */
#include "host/cli/test/test.h"

#include "host/cli/test/evidence_text.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)16 << 20) /* bytes of the evidence's text */
#define DUMP_LEAST_MS 100           /* the agent's bounds */
#define DUMP_MOST_MS 20000
#define DUMP_MAX ((size_t)256 << 20) /* bytes of a minidump; a small program's has a megabyte */

void test_free_evidence(struct test_evidence *evidence)
{
    free(evidence->summary);
    free(evidence->says);
    free(evidence->error);
    strlist_deinit(&evidence->files);
    *evidence = (struct test_evidence){0};
}

static void evidence_dump_name(const char *base, size_t number, char name[TEST_FILE_NAME_SIZE])
{
    char suffix[24] = "";
    if (number > 0)
        snprintf(suffix, sizeof suffix, ".%zu", number + 1);
    snprintf(name, TEST_FILE_NAME_SIZE, "dump-%s%s.dmp", base, suffix);
}

void test_remove_old_evidence(struct test *test, const struct test_unit *unit)
{
    char base[TEST_FILE_NAME_SIZE / 2], name[TEST_FILE_NAME_SIZE];
    if (!test->output)
        return;
    test_file_base(test, unit, base, sizeof base);
    snprintf(name, sizeof name, "evidence-%s.txt", base);
    test_output_remove(test, name);
    for (size_t i = 0; i < TEST_DUMPS_MAX; i++) {
        evidence_dump_name(base, i, name);
        test_output_remove(test, name);
    }
}

/* Fetches a minidump, by its name in the guest, and writes it. Returns a periscope_status. */
static int evidence_keep_dump(struct test *test, struct test_evidence *evidence, const char *remote, const char *name)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    int status = periscope_get_bytes(test->cli->periscope, remote, DUMP_MAX, &bytes, &len);
    if (!status && test_output_write(test, name, bytes, len))
        strlist_add(&evidence->files, name);
    free(bytes);
    return status;
}

/* Makes the guest give up in time: a connection that is given up would end the run. */
static void evidence_keep_dump_until(struct test *test, struct test_evidence *evidence, uint64_t pid, const char *name,
                                     int64_t until)
{
    char remote[64];
    int64_t left = os_time_left(until);
    if (left < DUMP_LEAST_MS) {
        test_warn(test, "no %s: the time for minidumps is over (--dump-time)", name);
        return;
    }
    snprintf(remote, sizeof remote, ".periscope/dump-%" PRIu64 "-%d.dmp", pid,
             left < DUMP_MOST_MS ? (int)left : DUMP_MOST_MS);
    int status = evidence_keep_dump(test, evidence, remote, name);
    if (status)
        test_warn(test, "no %s: %s", name, periscope_error_text(test->cli->periscope));
    test_is_final(test, status);
}

static void evidence_keep_dumps(struct test *test, struct test_evidence *evidence, const char *base, const char *text,
                                int64_t until)
{
    uint64_t pids[TEST_DUMPS_MAX];
    char name[TEST_FILE_NAME_SIZE];
    size_t count = evidence_processes(text, pids, TEST_DUMPS_MAX);
    for (size_t i = 0; i < count && !test->stop; i++) {
        evidence_dump_name(base, i, name);
        evidence_keep_dump_until(test, evidence, pids[i], name, until);
    }
}

static void evidence_keep_files(struct test *test, struct test_unit *unit, const char *text, size_t len,
                                int64_t dumps_until)
{
    char base[TEST_FILE_NAME_SIZE / 2], name[TEST_FILE_NAME_SIZE];
    test_file_base(test, unit, base, sizeof base);
    snprintf(name, sizeof name, "evidence-%s.txt", base);
    if (test_output_write(test, name, text, len))
        strlist_add(&unit->evidence.files, name);
    if (test->windows)
        evidence_keep_dumps(test, &unit->evidence, base, text, dumps_until);
}

/* Fetches a virtual file; *text is NUL-terminated. Returns a periscope_status. */
static int evidence_fetch(struct test *test, const char *what, uint64_t pid, uint8_t **text, size_t *len)
{
    char remote[64];
    snprintf(remote, sizeof remote, ".periscope/%s-%" PRIu64 ".txt", what, pid);
    return periscope_get_bytes(test->cli->periscope, remote, TEXT_MAX, text, len);
}

void test_take_evidence(struct test *test, struct test_unit *unit, uint64_t pid, int64_t dumps_until)
{
    struct evidence read;
    uint8_t *text = NULL;
    size_t len = 0;
    if (test->plain)
        return; /* testagentd has no such file */
    test_free_evidence(&unit->evidence);
    int status = evidence_fetch(test, "evidence", pid, &text, &len);
    if (status) {
        unit->evidence.error = strdup(periscope_error_text(test->cli->periscope));
        test_warn(test, "no evidence of %s: %s", unit->name, periscope_error_text(test->cli->periscope));
        test_is_final(test, status);
        return;
    }
    if (evidence_read((const char *)text, &read)) {
        unit->evidence.summary = read.summary;
        unit->evidence.says = read.says;
    }
    if (test->output)
        evidence_keep_files(test, unit, (const char *)text, len, dumps_until);
    free(text);
}

void test_take_crash(struct test *test, struct test_unit *unit, uint64_t pid)
{
    char base[TEST_FILE_NAME_SIZE / 2], name[TEST_FILE_NAME_SIZE], remote[64];
    if (test->plain || !test->windows || test->runner.count || !test->output)
        return;
    test_file_base(test, unit, base, sizeof base);
    evidence_dump_name(base, 0, name);
    snprintf(remote, sizeof remote, ".periscope/dump-%" PRIu64 ".dmp", pid);
    int status = evidence_keep_dump(test, &unit->evidence, remote, name);
    if (status) /* most guests are not configured to keep one, which needs no warning */
        unit->evidence.error = strdup(periscope_error_text(test->cli->periscope));
    test_is_final(test, status);
}

/* Warns that processes may be left: the agent could not look, or not at all of them. An older agent has no such file. */
static void evidence_warn_unseen(struct test *test, const struct test_unit *unit, const char *why)
{
    static const char no_file[] = "No such file or directory";
    size_t len = strlen(why), end = strlen(no_file);
    if (len < end || strcmp(why + len - end, no_file) != 0)
        test_warn(test, "processes of %s may be left: %s", unit->name, why);
}

/* Lists processes that are left. With a runner there are others than the test's: Wine's servers, which are meant to
   stay. */
void test_find_left(struct test *test, struct test_unit *unit, uint64_t pid)
{
    uint8_t *text = NULL;
    size_t len = 0;
    char why[1024];
    if (test->plain || !test->windows || test->runner.count)
        return;
    int status = evidence_fetch(test, "processes", pid, &text, &len);
    if (status == PERISCOPE_OK) {
        evidence_list_processes((const char *)text, &unit->left);
        if (evidence_unseen((const char *)text, why, sizeof why))
            evidence_warn_unseen(test, unit, why);
    } else if (status == PERISCOPE_REFUSED) {
        evidence_warn_unseen(test, unit, periscope_error_text(test->cli->periscope));
    } else {
        test_is_final(test, status);
    }
    free(text);
}
