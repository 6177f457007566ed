/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an upgrade hands over of the child table. */
#include "tests/unit/agent/fake_children.h"

#include "agent/log.h"

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

/* Hosts of testagentd remove no record, and a program is to start whatever they have started before. */

int main(void)
{
    log_init(false);
    RUN(what_an_upgrade_takes_over);
    RUN(output_of_an_unknown_user_is_left_alone);
    RUN(what_exits_after_the_quiet_point_is_not_noticed);
    RUN(an_untracked_one_that_ended_during_an_upgrade);
    return CHECK_RESULT();
}
