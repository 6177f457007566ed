/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child table, over processes that exit exactly when a test says so. */
#include "tests/unit/check.h"

#include "agent/child/children.h"
#include "agent/child/flush.h"
#include "agent/log.h"
#include "platform/clock.h"
#include "platform/file.h"

#include <stdlib.h>

/* ---- the fake system ---- */

struct os_process {
    uint64_t pid;
    bool exited, lost;
    uint32_t status;
};

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

uint64_t os_process_pid(const struct os_process *process)
{
    return process->pid;
}

uint64_t os_process_start_time(const struct os_process *process)
{
    return process->pid;
}

uint64_t os_process_end_time(const struct os_process *process)
{
    (void)process;
    return 0; /* not known: what is forgotten is not looked for */
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

/* ---- the tests ---- */

static struct children *tables[24], *table; /* one for each test, since they live as long as the process */
static struct error err;

static void begin_with(unsigned max)
{
    memset(&fake, 0, sizeof fake);
    fake.next_pid = 5;
    fake.wait_result = OS_WAIT_TIMEOUT;
    static size_t count;
    table = tables[count++] = children_new(max, &err);
}

static void begin(void)
{
    begin_with(CHILDREN_MAX);
}

static uint64_t start_with(bool tracked, const char *out, const char *errors)
{
    static const char *const argv[] = {"prog", NULL};
    struct os_process_spec spec = {.argv = argv, .out = out, .err = errors};
    uint64_t pid = 0;
    CHECK_INT(children_start(table, &spec, tracked, &pid, &err), 0);
    return pid;
}

static uint64_t start(void)
{
    return start_with(true, NULL, NULL);
}

static int wait_for(uint64_t pid, uint32_t *status)
{
    *status = 12345;
    return children_wait(table, pid, NULL, 0, status, &err);
}

static void check_status(uint64_t pid, uint32_t want)
{
    uint32_t status;
    CHECK_INT(wait_for(pid, &status), 0);
    CHECK_INT(status, want);
}

static void check_counts(unsigned want_running, unsigned want_exited)
{
    unsigned running, exited;
    children_count(table, &running, &exited);
    CHECK_INT(running, want_running);
    CHECK_INT(exited, want_exited);
}

static void one_that_exits_before_it_is_listed(void)
{
    begin();
    fake.exits_at_once = true;
    fake.exit_status = 0x100;
    CHECK_INT(start(), 5);
    check_counts(0, 1); /* no later signal will tell of it */
    check_status(5, 0x100);
    CHECK_INT(fake.waits, 0);
}

static void a_status_stays_until_it_is_forgotten(void)
{
    uint32_t status;
    begin();
    start();
    check_counts(1, 0);
    end_process(fake.last, 7);
    check_counts(0, 1);
    for (int i = 0; i < 3; i++) {
        check_status(5, 7);
    }
    CHECK_INT(children_forget(table, 5, &err), 0);
    CHECK_INT(fake.frees, 1);
    check_counts(0, 0);
    CHECK_INT(wait_for(5, &status), ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "the 5 process does not exist or is not a child process");
    CHECK_INT(children_forget(table, 5, &err), ERR_NOT_FOUND);
}

static void exits_that_are_reported_at_once(void)
{
    struct os_process *processes[3];
    uint32_t status;
    begin();
    for (int i = 0; i < 3; i++) {
        fake.next_pid = (const uint64_t[]){5, 1028, 7}[i]; /* the first two fall together in the index */
        start();
        processes[i] = fake.last;
    }
    processes[0]->exited = processes[2]->exited = true;
    processes[0]->status = 10;
    processes[2]->status = 12;
    fake.changed(fake.context); /* one report of two */
    check_counts(1, 2);
    check_status(5, 10);
    check_status(7, 12);
    CHECK_INT(wait_for(1028, &status), ERR_TIMEOUT);
}

/* The system gives a pid again once its process was reaped; nobody can mean the older one any more. */
static void the_newest_of_a_pid(void)
{
    uint32_t status;
    begin();
    start();
    end_process(fake.last, 1);
    start();
    CHECK_INT(fake.frees, 1); /* the older one is gone */
    check_counts(1, 0);
    CHECK_INT(wait_for(5, &status), ERR_TIMEOUT);
    end_process(fake.last, 2);
    check_counts(0, 1);
    check_status(5, 2);
    CHECK_INT(children_forget(table, 5, &err), 0);
    CHECK_INT(wait_for(5, &status), ERR_NOT_FOUND); /* and not the older one's status */
}

/* One that nobody can ask for takes nothing from who can be asked for. */
static void an_untracked_one_of_the_same_pid(void)
{
    begin();
    start();
    end_process(fake.last, 1);
    start_with(false, NULL, NULL);
    check_status(5, 1);
    end_process(fake.last, 2);
    check_counts(0, 1);
    CHECK_INT(fake.frees, 1);
    check_status(5, 1);
}

static void one_that_is_forgotten_while_it_runs(void)
{
    uint32_t status;
    begin();
    start();
    CHECK_INT(children_forget(table, 5, &err), 0);
    check_counts(1, 0); /* until it is reaped */
    CHECK_INT(wait_for(5, &status), ERR_NOT_FOUND);
    CHECK_INT(children_forget(table, 5, &err), ERR_NOT_FOUND);
    CHECK_INT(fake.frees, 0);
    end_process(fake.last, 0);
    check_counts(0, 0);
    CHECK_INT(fake.frees, 1);
}

static void end_in_the_third_wait(void)
{
    fake.wait_result = OS_WAIT_WOKEN;
    if (fake.waits == 3)
        end_process(fake.last, 42);
}

static void a_wait_that_is_woken_for_nothing_goes_on(void)
{
    begin();
    start();
    fake.in_wait = end_in_the_third_wait;
    check_status(5, 42);
    CHECK_INT(fake.waits, 3);
}

static void a_client_that_leaves_keeps_the_record(void)
{
    uint32_t status;
    begin();
    start();
    fake.wait_result = OS_WAIT_HANGUP;
    CHECK_INT(wait_for(5, &status), ERR_CLOSED);
    fake.wait_result = OS_WAIT_TIMEOUT;
    CHECK_INT(wait_for(5, &status), ERR_TIMEOUT);
    end_process(fake.last, 3);
    check_status(5, 3);
}

static void end_at_the_deadline(void)
{
    end_process(fake.last, 4);
}

static void an_exit_at_the_deadline_counts(void)
{
    begin();
    start();
    fake.in_wait = end_at_the_deadline; /* and the wait says "timed out" */
    check_status(5, 4);
}

static void forget_it(void)
{
    fake.wait_result = OS_WAIT_WOKEN;
    CHECK_INT(children_forget(table, 5, NULL), 0);
    CHECK_INT(fake.frees, 0); /* the one that waits looks at it */
}

static void end_and_forget_it(void)
{
    end_process(fake.last, 6);
    forget_it();
}

static void one_that_is_forgotten_while_another_waits(void)
{
    uint32_t status;
    begin();
    start();
    fake.in_wait = forget_it;
    CHECK_INT(wait_for(5, &status), ERR_NOT_FOUND);
    CHECK_INT(fake.waits, 1);
    end_process(fake.last, 0);
    CHECK_INT(fake.frees, 1);

    begin();
    start();
    fake.in_wait = end_and_forget_it;
    check_status(5, 6);
    CHECK_INT(fake.frees, 1);
    check_counts(0, 0);
}

static void one_that_is_killed_has_its_status_at_once(void)
{
    struct strlist killed = {0};
    begin();
    start();
    CHECK_INT(children_kill(table, 5, 0, &killed, &err), 0);
    CHECK_INT(killed.count, 1);
    check_counts(0, 1);
    check_status(5, 9);
    CHECK_INT(children_kill(table, 6, 0, &killed, &err), ERR_NOT_FOUND);
    strlist_deinit(&killed);
}

static void what_survives_a_kill_is_found_by_the_next(void)
{
    struct strlist killed = {0};
    begin();
    start();
    fake.survivor = true;
    CHECK_INT(children_kill(table, 5, 0, &killed, &err), ERR_TIMEOUT);
    CHECK_TEXT(err.text, "process 7 (x, R) does not end even by force");
    CHECK_INT(fake.outlived, 1);
    fake.survivor = false;
    CHECK_INT(children_kill(table, 5, 0, &killed, &err), 0);
    CHECK_INT(fake.outlived, 1);
    strlist_deinit(&killed);
}

static void a_lost_status_is_neither_success_nor_still_to_come(void)
{
    uint32_t status;
    begin();
    start();
    fake.last->lost = true;
    end_process(fake.last, 0);
    check_counts(0, 1);
    CHECK_INT(wait_for(5, &status), ERR_SYSTEM);
    CHECK_TEXT(err.text, "the status of the 5 process is lost: nobody knows");
    CHECK_INT(fake.waits, 0);
    CHECK_INT(children_forget(table, 5, &err), 0);
}

static void one_that_can_not_be_started(void)
{
    static const char *const argv[] = {"prog", NULL};
    struct os_process_spec spec = {.argv = argv};
    uint64_t pid;
    begin();
    fake.spawn_status = ERR_DENIED;
    CHECK_INT(children_start(table, &spec, true, &pid, &err), ERR_DENIED);
    CHECK_TEXT(err.text, "no 'prog' today");
    check_counts(0, 0);
}

static void check_saved(const char *want)
{
    struct buffer out;
    buffer_init(&out, 1000);
    children_save(table, &out);
    buffer_append(&out, "", 1);
    CHECK_TEXT((const char *)out.data, want);
    buffer_deinit(&out);
}

static void what_an_upgrade_takes_over(void)
{
    begin();
    start_with(true, "/out", "with\nnewline");
    end_process(fake.last, 1);
    fake.next_pid = 6;
    start_with(false, NULL, "/err");
    check_saved("child 1 pid-5\nreport 0 /out\nreport 1 with\1nnewline\nuser \ncommand prog\n"
                "child 0 pid-6\nreport 1 /err\nuser \ncommand prog\n");

    begin();
    children_restore(table, "child 1 pid-5");
    children_restore(table, "report 0 /out");
    children_restore(table, "report 2 /no");
    children_restore(table, "child 1pid-9");
    children_restore(table, "child ");
    children_restore(table, "nonsense");
    check_counts(1, 0);
    check_saved("child 1 pid-5\nreport 0 /out\n"); /* of an agent that did not tell as whom */
    children_restore(table, "user ");
    children_restore(table, "user other");
    children_restore(table, "report 0 /other");
    children_restore(table, "child 1 no-pid");
    children_restore(table, "report 1 /of-the-lost");
    check_saved("child 1 pid-5\nreport 0 /out\nuser \n");
    end_process(fake.last, 11);
    check_status(5, 11);
    CHECK_TEXT(fake.synced, "[/out]");
}

/* Nothing is opened as the agent for a child that may have been another user's. */
static void output_of_an_unknown_user_is_left_alone(void)
{
    uint32_t status;
    begin();
    children_restore(table, "child 1 pid-5");
    children_restore(table, "report 0 /out");
    end_process(fake.last, 0);
    CHECK_INT(wait_for(5, &status), 0);
    CHECK_TEXT(fake.synced, "");
    children_restore(table, "child 1 pid-6");
    children_restore(table, "report 0 /out");
    children_restore(table, "user no-such-user-here");
    end_process(fake.last, 0);
    CHECK_INT(wait_for(6, &status), 0);
    CHECK_TEXT(fake.synced, "");
}

/* Its status would be in the table of a process that is about to be no more. */
static void what_exits_after_the_quiet_point_is_not_noticed(void)
{
    uint32_t status;
    begin();
    start();
    children_freeze(table);
    end_process(fake.last, 7);
    check_counts(1, 0);
    CHECK_INT(wait_for(5, &status), ERR_TIMEOUT);
    children_thaw(table); /* the upgrade failed */
    check_counts(0, 1);
    check_status(5, 7);
}

/* It was dropped as soon as it was listed, so the report's line has no child. */
static void an_untracked_one_that_ended_during_an_upgrade(void)
{
    begin();
    children_restore(table, "child 1 pid-5");
    fake.exits_at_once = true;
    children_restore(table, "child 0 pid-6");
    CHECK_INT(fake.frees, 1);
    children_restore(table, "report 0 /out");
    check_saved("child 1 pid-5\n");
}

/* Starts one of that pid, which has exited already. */
static void start_exited(uint64_t pid)
{
    fake.next_pid = pid;
    start();
    end_process(fake.last, 0);
}

/* Hosts of testagentd remove no record, and a program is to start whatever they have started before. */
static void records_that_nobody_removes_are_dropped_the_oldest_first(void)
{
    uint32_t status;
    begin_with(3);
    start_exited(5);
    start_exited(6);
    fake.next_pid = 7;
    start();
    check_counts(1, 2);
    start_exited(8);
    check_counts(1, 2);
    CHECK_INT(fake.frees, 1);
    CHECK_INT(wait_for(5, &status), ERR_NOT_FOUND);
    CHECK_INT(wait_for(6, &status), 0);
    CHECK_INT(wait_for(7, &status), ERR_TIMEOUT); /* whatever its age, it runs */
    for (int i = 0; i < 2; i++)                   /* the order stays */
        check_saved("child 1 pid-6\nuser \ncommand prog\nflushed\nchild 1 pid-8\nuser \ncommand prog\n"
                    "child 1 pid-7\nuser \ncommand prog\n");
    start_exited(9);
    CHECK_INT(wait_for(6, &status), ERR_NOT_FOUND);
    CHECK_INT(wait_for(8, &status), 0);
}

static void only_programs_that_run_fill_the_table(void)
{
    struct os_process_spec spec = {.argv = (const char *const[]){"prog", NULL}};
    uint64_t pid;
    begin_with(1);
    start();
    CHECK_INT(children_start(table, &spec, true, &pid, &err), ERR_LIMIT);
    CHECK_TEXT(err.text, "could not run 'prog': 1 programs run already");
    end_process(fake.last, 0);
    fake.next_pid = 6;
    start();
    check_counts(1, 0);
}

int main(void)
{
    log_init(false);
    RUN(one_that_exits_before_it_is_listed);
    RUN(a_status_stays_until_it_is_forgotten);
    RUN(exits_that_are_reported_at_once);
    RUN(the_newest_of_a_pid);
    RUN(an_untracked_one_of_the_same_pid);
    RUN(one_that_is_forgotten_while_it_runs);
    RUN(a_wait_that_is_woken_for_nothing_goes_on);
    RUN(a_client_that_leaves_keeps_the_record);
    RUN(an_exit_at_the_deadline_counts);
    RUN(one_that_is_forgotten_while_another_waits);
    RUN(one_that_is_killed_has_its_status_at_once);
    RUN(what_survives_a_kill_is_found_by_the_next);
    RUN(a_lost_status_is_neither_success_nor_still_to_come);
    RUN(one_that_can_not_be_started);
    RUN(what_an_upgrade_takes_over);
    RUN(output_of_an_unknown_user_is_left_alone);
    RUN(what_exits_after_the_quiet_point_is_not_noticed);
    RUN(an_untracked_one_that_ended_during_an_upgrade);
    RUN(records_that_nobody_removes_are_dropped_the_oldest_first);
    RUN(only_programs_that_run_fill_the_table);
    return CHECK_RESULT();
}
