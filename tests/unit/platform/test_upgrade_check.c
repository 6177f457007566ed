/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an executable has to answer before the agent becomes it; the executable is scripted. */
#include "tests/unit/check.h"

#define os_check_start scripted_start
#define os_check_read scripted_read
#define os_check_end scripted_end
#define os_upgrade_check tested_check
#include "platform/upgrade_check.c" /* NOLINT(bugprone-suspicious-include): its primitives are scripted */

static struct error err;
static const char *says;   /* what is left of its output */
static size_t at_once;     /* bytes that a read gives at the most */
static int64_t exits_with; /* its status */
static int starts;         /* a status */
static int started, ended;
static const char *got_argv[8];

int scripted_start(struct os_check **out, const char *path, const char *const *argv, struct error *error)
{
    (void)path;
    *out = NULL;
    if (starts)
        return error_set(error, starts, "no such program");
    started++;
    for (size_t i = 0; i < 8 && (i == 0 || argv[i - 1]); i++)
        got_argv[i] = argv[i];
    return 0;
}

int scripted_read(struct os_check *check, void *bytes, size_t max, int64_t deadline_ms)
{
    size_t len = strlen(says);
    (void)check;
    (void)deadline_ms;
    len = len < at_once ? len : at_once;
    len = len < max ? len : max;
    memcpy(bytes, says, len);
    says += len;
    return (int)len;
}

int64_t scripted_end(struct os_check *check, int64_t deadline_ms)
{
    (void)check;
    (void)deadline_ms;
    ended++;
    return exits_with;
}

static int check_of(const char *output, size_t read_step, int64_t status)
{
    static const char *const argv[] = {"old", "--debug", "9000", NULL};
    says = output;
    at_once = read_step;
    exits_with = status;
    started = ended = 0;
    return tested_check("new", argv, &err);
}

static void an_agent_that_takes_the_command_line_passes(void)
{
    static const char *const want[] = {"new", "--check", "--debug", "9000"};
    CHECK_INT(check_of("periscoped 1.2\n", 100, 0), 0);
    for (size_t i = 0; i < 4; i++)
        CHECK_TEXT(got_argv[i], want[i]);
    CHECK(got_argv[4] == NULL);
    CHECK_INT(check_of("periscoped 1.2\n", 1, 0), 0); /* byte by byte */
    CHECK(started == 1 && ended == 1);
}

static void any_other_answer_is_refused_with_its_first_line(void)
{
    CHECK_INT(check_of("hello\nworld\n", 3, 0), ERR_INVALID);
    CHECK_TEXT(err.text,
               "unable to start the new server: 'new' is not a periscoped that takes this command line (status 0, "
               "it says 'hello')");
    CHECK_INT(check_of("periscoped 1.2\n", 100, 256), ERR_INVALID);
    CHECK(strstr(err.text, "(status 256, it says 'periscoped 1.2')") != NULL);
    CHECK_INT(check_of("", 1, 0), ERR_INVALID);
    CHECK_INT(check_of("periscoped", 100, 0), ERR_INVALID);
    CHECK_INT(ended, 1);
}

static void a_long_answer_is_read_to_its_end(void)
{
    static char text[100000];
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "periscoped ", 11);
    CHECK_INT(check_of(text, 4096, 0), 0);
    CHECK_TEXT(says, "");
}

static void what_can_not_be_started_is_told(void)
{
    starts = ERR_DENIED;
    CHECK_INT(check_of("", 1, 0), ERR_DENIED);
    CHECK_TEXT(err.text, "no such program");
    CHECK_INT(ended, 0);
    starts = 0;
}

int main(void)
{
    RUN(an_agent_that_takes_the_command_line_passes);
    RUN(any_other_answer_is_refused_with_its_first_line);
    RUN(a_long_answer_is_read_to_its_end);
    RUN(what_can_not_be_started_is_told);
    return CHECK_RESULT();
}
