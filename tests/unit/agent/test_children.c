/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The child table: statuses, records and waits. */
#include "tests/unit/agent/fake_children.h"

#include "agent/log.h"

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

/* Starts one of that pid, which has exited already. */
static void start_exited(uint64_t pid)
{
    fake.next_pid = pid;
    start();
    end_process(fake.last, 0);
}

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
    RUN(records_that_nobody_removes_are_dropped_the_oldest_first);
    RUN(only_programs_that_run_fill_the_table);
    return CHECK_RESULT();
}
