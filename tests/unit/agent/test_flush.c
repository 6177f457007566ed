/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flushing of what children write, over files that grow, and a thread that runs, exactly when a test says so. */
#include "tests/unit/agent/fake_process.h"
#include "tests/unit/check.h"

#include "agent/child/children.h"
#include "agent/child/table.h"
#include "agent/log.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/thread.h"

#include <stdlib.h>

static struct {
    void (*changed)(void *context); /* the table's, from os_process_watch */
    void *context;
    struct os_process *last; /* the newest process */
    uint64_t next_pid;
    char synced[256]; /* the paths given to os_file_sync, each in brackets; with a + what has grown */
    uint64_t size;    /* of the files */
    void (*in_sync)(const char *path), (*in_sleep)(void);
    void (*thread)(void *context); /* the last one that was started: a test runs it */
    int64_t now;
    int threads, sleeps;
    int told, journal_syncs; /* the journal's records "flushed", and how often it was synced */
} fake;

static struct children *tables[4], *table; /* one for each test, since they live as long as the process */

int __real_os_thread_start(void (*main)(void *context), void *context, struct error *err);
int __wrap_os_thread_start(void (*main)(void *context), void *context, struct error *err);

/* Starts those of the platform alone, such as who looks a user up. */
int __wrap_os_thread_start(void (*main)(void *context), void *context, struct error *err)
{
    if (context != table)
        return __real_os_thread_start(main, context, err);
    fake.thread = main;
    fake.threads++;
    return 0;
}

void __wrap_journal_append(struct journal *journal, struct journal_record *record);
void __wrap_journal_sync(struct journal *journal);
void __wrap_journal_write(struct journal *journal);

void __wrap_journal_append(struct journal *journal, struct journal_record *record)
{
    (void)journal;
    fake.told += record->kind == JOURNAL_FLUSHED;
}

void __wrap_journal_sync(struct journal *journal)
{
    (void)journal;
    fake.journal_syncs++;
}

void __wrap_journal_write(struct journal *journal)
{
    (void)journal;
}

int64_t os_clock_ms(void)
{
    return fake.now;
}

void os_sleep_ms(unsigned ms)
{
    (void)ms;
    fake.sleeps++;
    if (fake.in_sleep)
        fake.in_sleep();
}

int os_process_watch(void (*changed)(void *context), void *context, struct error *error)
{
    (void)error;
    fake.changed = changed;
    fake.context = context;
    return 0;
}

static void end_process(struct os_process *process)
{
    process->exited = true;
    fake.changed(fake.context);
}

int os_process_spawn(struct os_process **out, const struct os_process_spec *spec, struct error *error)
{
    (void)spec;
    (void)error;
    *out = fake.last = calloc(1, sizeof **out);
    (*out)->pid = fake.next_pid;
    return 0;
}

void os_process_free(struct os_process *process)
{
    free(process);
}

bool os_process_poll(struct os_process *process, uint32_t *status)
{
    *status = 0;
    return process->exited;
}

int os_process_lost(const struct os_process *process, struct error *error)
{
    (void)process;
    (void)error;
    return 0;
}

int os_file_sync(const char *path, uint64_t *size, struct error *error)
{
    (void)error;
    size_t len = strlen(fake.synced);
    if (size && *size == fake.size)
        return 0;
    if (fake.in_sync)
        fake.in_sync(path);
    snprintf(fake.synced + len, sizeof fake.synced - len, "[%s%s]", path, size ? "+" : "");
    if (size)
        *size = fake.size;
    return 0;
}

static struct error err;

static void begin(void)
{
    memset(&fake, 0, sizeof fake);
    fake.next_pid = 5;
    static size_t count;
    table = tables[count++] = children_new(CHILDREN_MAX, &err);
}

static void start_with(const char *out, const char *errors)
{
    static const char *const argv[] = {"prog", NULL};
    struct os_process_spec spec = {.argv = argv, .out = out, .err = errors};
    uint64_t pid;
    CHECK_INT(children_start(table, &spec, true, &pid, &err), 0);
}

static void what_it_wrote_is_on_the_disk_when_its_status_is_told(void)
{
    uint32_t status;
    begin();
    start_with("/out", "/err");
    CHECK_TEXT(fake.synced, "");
    end_process(fake.last);
    CHECK_INT(children_wait(table, 5, NULL, 0, &status, &err), 0);
    CHECK_TEXT(fake.synced, "[/out][/err]");
    CHECK_INT(children_wait(table, 5, NULL, 0, &status, &err), 0);
    CHECK_TEXT(fake.synced, "[/out][/err]"); /* once */
    fake.next_pid = 6;
    start_with("", NULL);
    end_process(fake.last);
    CHECK_INT(children_wait(table, 6, NULL, 0, &status, &err), 0);
    CHECK_TEXT(fake.synced, "[/out][/err]");
}

static void wait_too(const char *path)
{
    uint32_t status;
    (void)path;
    fake.in_sync = NULL;
    CHECK_INT(children_wait(table, 5, NULL, 0, &status, &err), 0);
    CHECK_INT(fake.told, 1);
    CHECK_INT(fake.journal_syncs, 1);
}

static void two_who_flush_it_tell_the_journal_once(void)
{
    uint32_t status;
    begin();
    table->now.journal = (struct journal *)(void *)&fake;
    start_with("/out", NULL);
    end_process(fake.last);
    fake.in_sync = wait_too;
    fake.journal_syncs = 0;
    CHECK_INT(children_wait(table, 5, NULL, 0, &status, &err), 0);
    CHECK_INT(fake.told, 1);
    CHECK_INT(fake.journal_syncs, 2);
    CHECK_INT(children_wait(table, 5, NULL, 0, &status, &err), 0); /* who was first may still be at the journal */
    CHECK_INT(fake.journal_syncs, 3);
}

static void grow_and_end(void)
{
    if (fake.sleeps == 1 || fake.sleeps == 3)
        fake.size += 10;
    if (fake.sleeps == 3)
        end_process(fake.last);
}

static void what_it_writes_is_on_the_disk_as_it_grows(void)
{
    uint32_t status;
    begin();
    fake.next_pid = 4;
    start_with(NULL, NULL);
    CHECK_INT(fake.threads, 0); /* it writes into no file */
    fake.next_pid = 5;
    start_with("/out", NULL);
    CHECK_INT(fake.threads, 1);
    fake.in_sleep = grow_and_end;
    fake.thread(table);
    CHECK_TEXT(fake.synced, "[/out+][/out]"); /* what has grown, and all at its end */
    CHECK_INT(fake.sleeps, 4);
    CHECK_INT(children_wait(table, 5, NULL, 0, &status, &err), 0);
    CHECK_TEXT(fake.synced, "[/out+][/out]");
    fake.next_pid = 6;
    start_with(NULL, "/err");
    CHECK_INT(fake.threads, 2); /* the first is over */
}

static void end_last(void)
{
    if (!fake.last->exited)
        end_process(fake.last);
}

/* Stands still at a file, while another program starts 11 s later. */
static void stand_still(const char *path)
{
    if (strcmp(path, "/stuck") != 0)
        return;
    fake.next_pid = 6;
    fake.now += 11000;
    start_with("/other", NULL);
    CHECK_INT(fake.threads, 2);
    fake.thread(table);
    CHECK_TEXT(fake.synced, "[/other+][/other]");
    start_with("/third", NULL);
}

static void a_file_that_does_not_answer_holds_no_other(void)
{
    begin();
    fake.now = 5;
    fake.size = 1;
    start_with("/stuck", NULL);
    fake.in_sync = stand_still;
    fake.in_sleep = end_last;
    fake.thread(table);
    CHECK_INT(fake.threads, 3);
    CHECK_INT(fake.sleeps, 2); /* the first thread ends when it gets on: another has its turn */
}

int main(void)
{
    log_init(false);
    RUN(what_it_wrote_is_on_the_disk_when_its_status_is_told);
    RUN(two_who_flush_it_tell_the_journal_once);
    RUN(what_it_writes_is_on_the_disk_as_it_grows);
    RUN(a_file_that_does_not_answer_holds_no_other);
    return CHECK_RESULT();
}
