/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child table, over processes that exit exactly when a test says so. */
#ifndef TEST_AGENT_FAKE_CHILDREN_H
#define TEST_AGENT_FAKE_CHILDREN_H

#include "tests/unit/agent/fake_process.h"
#include "tests/unit/check.h"

#include "agent/child/children.h"
#include "agent/child/flush.h"
#include "platform/clock.h"
#include "platform/file.h"

#include <stdlib.h>

/* ---- the fake system ---- */

static struct {
    void (*changed)(void *context); /* the table's, from os_process_watch */
    void *context;
    struct os_process *last; /* the newest process */
    uint64_t next_pid;
    int spawn_status;      /* of the next os_process_spawn: 0 or an ERR_ */
    bool exits_at_once;    /* the process exits, and is reported, before os_process_spawn returns */
    uint32_t exit_status;  /* of those that exit so */
    void (*in_wait)(void); /* called by os_socket_wait, with its number in waits */
    enum os_wait_result wait_result;
    int waits, frees, outlived;
    bool survivor;    /* a kill does not end all */
    bool frozen;      /* no exit is noticed */
    char synced[256]; /* the paths given to os_file_sync, each in brackets */
} fake;

int os_process_watch(void (*changed)(void *context), void *context, struct error *err)
{
    (void)err;
    fake.changed = changed;
    fake.context = context;
    return 0;
}

static void end_process(struct os_process *process, uint32_t status)
{
    process->exited = true;
    process->status = status;
    fake.changed(fake.context);
}

int os_process_spawn(struct os_process **out, const struct os_process_spec *spec, struct error *err)
{
    *out = NULL;
    if (fake.spawn_status)
        return error_set(err, fake.spawn_status, "no '%s' today", spec->argv[0]);
    *out = fake.last = calloc(1, sizeof **out);
    (*out)->pid = fake.next_pid;
    if (fake.exits_at_once)
        end_process(*out, fake.exit_status);
    return 0;
}

void os_process_freeze(void)
{
    fake.frozen = true;
}

void os_process_thaw(void)
{
    fake.frozen = false;
}

bool os_process_poll(struct os_process *process, uint32_t *status)
{
    if (fake.frozen || !process->exited)
        return false;
    *status = process->status;
    return true;
}

int os_process_lost(const struct os_process *process, struct error *err)
{
    return process->lost ? error_set(err, ERR_SYSTEM, "nobody knows") : 0;
}

void os_process_free(struct os_process *process)
{
    if (process)
        fake.frees++;
    free(process);
}

void os_process_save(const struct os_process *process, struct buffer *out)
{
    buffer_printf(out, "pid-%d", (int)process->pid);
}

int os_process_adopt(struct os_process **out, const char *saved)
{
    *out = NULL;
    if (strncmp(saved, "pid-", 4) != 0)
        return ERR_INVALID;
    *out = fake.last = calloc(1, sizeof **out);
    (*out)->pid = strtoull(saved + 4, NULL, 10);
    (*out)->exited = fake.exits_at_once;
    (*out)->status = fake.exit_status;
    return 0;
}

void os_process_outlived(struct os_process *process)
{
    (void)process;
    fake.outlived++;
}

int os_process_kill_tree(struct os_process *process, int grace_ms, struct strlist *killed, struct error *err)
{
    (void)grace_ms;
    if (fake.survivor)
        return error_set(err, ERR_TIMEOUT, "process 7 (x, R) does not end even by force");
    process->exited = true; /* and its signal is still to come */
    process->status = 9;
    strlist_addf(killed, "%d x", (int)process->pid);
    return 0;
}

int os_process_tree(const struct os_process *process, struct os_process_info **out, size_t *count, struct error *err)
{
    (void)process;
    (void)err;
    *out = NULL;
    *count = 0;
    return 0;
}

enum os_wait_result os_socket_wait(struct os_socket *socket, struct os_waker *waker, int64_t deadline_ms)
{
    (void)socket;
    (void)waker;
    (void)deadline_ms;
    fake.waits++;
    if (fake.in_wait)
        fake.in_wait();
    return fake.wait_result;
}

int64_t os_boot_clock_ms(void) /* else what is saved is another each time */
{
    return 0;
}

void flush_begin(struct children *children) /* test_flush.c */
{
    (void)children;
}

int os_file_sync(const char *path, uint64_t *size, struct error *err)
{
    (void)size;
    (void)err;
    size_t len = strlen(fake.synced);
    snprintf(fake.synced + len, sizeof fake.synced - len, "[%s]", path);
    return 0;
}

/* ---- a table ---- */

static struct children *tables[24], *table; /* one for each test, since they live as long as the process */
static struct error err;

static inline void begin_with(unsigned max)
{
    memset(&fake, 0, sizeof fake);
    fake.next_pid = 5;
    fake.wait_result = OS_WAIT_TIMEOUT;
    static size_t count;
    table = tables[count++] = children_new(max, &err);
}

static inline void begin(void)
{
    begin_with(CHILDREN_MAX);
}

static inline uint64_t start_with(bool tracked, const char *out, const char *errors)
{
    static const char *const argv[] = {"prog", NULL};
    struct os_process_spec spec = {.argv = argv, .out = out, .err = errors};
    uint64_t pid = 0;
    CHECK_INT(children_start(table, &spec, tracked, &pid, &err), 0);
    return pid;
}

static inline uint64_t start(void)
{
    return start_with(true, NULL, NULL);
}

static inline int wait_for(uint64_t pid, uint32_t *status)
{
    *status = 12345;
    return children_wait(table, pid, NULL, 0, status, &err);
}

static inline void check_status(uint64_t pid, uint32_t want)
{
    uint32_t status;
    CHECK_INT(wait_for(pid, &status), 0);
    CHECK_INT(status, want);
}

static inline void check_counts(unsigned want_running, unsigned want_exited)
{
    unsigned running, exited;
    children_count(table, &running, &exited);
    CHECK_INT(running, want_running);
    CHECK_INT(exited, want_exited);
}

static inline void check_saved(const char *want)
{
    struct buffer out;
    buffer_init(&out, 1000);
    children_save(table, &out);
    buffer_append(&out, "", 1);
    CHECK_TEXT((const char *)out.data, want);
    buffer_deinit(&out);
}

#endif
