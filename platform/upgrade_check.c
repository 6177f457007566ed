/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/upgrade_check.h"
#include "platform/arguments.h"
#include "platform/clock.h"
#include "platform/upgrade.h"

#include <stdlib.h>
#include <string.h>

#define CHECK_MS 10000
#define ANSWER_SIZE 256 /* bytes of what it says that are looked at */
#define ANSWER_BEGIN "periscoped "

/* Reads until the end or the deadline, and keeps the first line of what fits. */
static void check_read_answer(struct os_check *check, char answer[ANSWER_SIZE], int64_t deadline_ms)
{
    size_t len = 0;
    char rest[ANSWER_SIZE] = ""; /* what does not fit */
    int got = 1;
    while (got > 0) {
        size_t room = ANSWER_SIZE - 1 - len;
        got = os_check_read(check, room ? answer + len : rest, room ? room : sizeof rest, deadline_ms);
        if (got > 0 && room)
            len += (size_t)got;
    }
    answer[len] = 0;
    answer[strcspn(answer, "\r\n")] = 0;
}

static int check_run(const char *path, const char *const *argv, struct error *err)
{
    char answer[ANSWER_SIZE];
    struct os_check *check;
    int64_t deadline = os_deadline(CHECK_MS);
    int failure = os_check_start(&check, path, argv, err);
    if (failure)
        return failure;
    check_read_answer(check, answer, deadline);
    int64_t status = os_check_end(check, deadline);
    if (status == 0 && strncmp(answer, ANSWER_BEGIN, strlen(ANSWER_BEGIN)) == 0)
        return 0;
    return error_set(
        err, ERR_INVALID,
        "unable to start the new server: '%s' is not a periscoped that takes this command line (status %lld, "
        "it says '%s')",
        path, (long long)status, answer);
}

int os_upgrade_check(const char *path, const char *const *argv, struct error *err)
{
    const char **checked = os_arguments_with(path, "--check", argv);
    if (!checked)
        return error_set(err, ERR_NO_MEMORY, "no memory to start the new server");
    int status = check_run(path, checked, err);
    free(checked);
    return status;
}
