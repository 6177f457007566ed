/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/agent/fake_files.h"
#include "tests/unit/check.h"

#include "agent/agent.h"
#include "agent/log.h"

static char *command_line[] = {"/usr/sbin/periscoped", NULL};
static struct options options;
static struct agent agent;
static struct os_mutex *lock;
static struct error err;

static void begin(const char *kept)
{
    files_reset(kept ? "periscoped.data" : NULL, kept);
    options = (struct options){.argc = 1, .argv = command_line, .show_restarts = true};
    agent = (struct agent){.options = &options, .lock = lock};
}

static void check_count(const char *kept, uint32_t want, const char *stored)
{
    begin(kept);
    start_count_init(&agent);
    CHECK_INT(start_count_get(&agent), want);
    CHECK_TEXT(files.log, "store private periscoped.data; ");
    CHECK_INT(files.stored_len, strlen(stored));
    CHECK(memcmp(files.stored, stored, strlen(stored)) == 0);
    CHECK_INT(files.open_files, 0);
}

static void each_start_counts(void)
{
    check_count(NULL, 1, "1\n");
    check_count("1\n", 2, "2\n");
    check_count("41", 42, "42\n");
    check_count("4294967294\n", 4294967295u, "4294967295\n");
}

static void what_is_no_count_is_none(void)
{
    check_count("", 1, "1\n");
    check_count("x", 1, "1\n");
    begin("7\n");
    files.read_status = ERR_SYSTEM;
    start_count_init(&agent);
    CHECK_INT(start_count_get(&agent), 1);
    CHECK_TEXT(files.log, ""); /* the 7 stays in the file: the next start may be able to read it */
}

static void without_the_option_nothing_is_kept(void)
{
    begin("7\n");
    options.show_restarts = false;
    start_count_init(&agent);
    CHECK_INT(start_count_get(&agent), 0);
    CHECK_INT(start_count_set(&agent, 9, &err), 0);
    CHECK_INT(start_count_get(&agent), 9);
    CHECK_TEXT(files.log, "");
}

static void a_count_that_can_not_be_kept(void)
{
    begin("7\n");
    files.begin_status = ERR_DENIED;
    start_count_init(&agent);
    CHECK_INT(start_count_get(&agent), 8); /* for this start all the same */
    CHECK_INT(start_count_set(&agent, 3, &err), ERR_DENIED);
    CHECK_TEXT(err.text, "unable to write 'periscoped.data': Read-only file system");
    CHECK_INT(start_count_get(&agent), 8);
    files.begin_status = 0;
    CHECK_INT(start_count_set(&agent, 3, &err), 0);
    CHECK_INT(start_count_get(&agent), 3);
}

int main(void)
{
    log_init(false);
    lock = os_mutex_new();
    RUN(each_start_counts);
    RUN(what_is_no_count_is_none);
    RUN(without_the_option_nothing_is_kept);
    RUN(a_count_that_can_not_be_kept);
    return CHECK_RESULT();
}
