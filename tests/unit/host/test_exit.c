/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/child.h"
#include "host/client.h"

#include "tests/unit/check.h"

#if defined(__unix__)
#include <sys/wait.h>
#endif

static struct periscope_exit decode(bool windows, uint32_t status)
{
    struct periscope_exit end;
    exit_decode(windows, status, &end);
    CHECK_INT(end.status, status);
    return end;
}

/* Compared with what this system's own <sys/wait.h> reads out of the same word. */
static void linux_status_as_the_system_reads_it(void)
{
#if defined(__unix__)
    for (int code = 0; code < 256; code++) {
        int status = code << 8;
        struct periscope_exit end = decode(false, (uint32_t)status);
        CHECK(WIFEXITED(status) && end.exited);
        CHECK_INT(end.code, WEXITSTATUS(status));
        CHECK_INT(end.signal, 0);
    }
    for (int status = 1; status < 127; status++) {
        struct periscope_exit end = decode(false, (uint32_t)status | 0x80 /* with a core dump */);
        CHECK(WIFSIGNALED(status) && !end.exited);
        CHECK_INT(end.signal, WTERMSIG(status));
    }
#else
    SKIP("this system has no <sys/wait.h> to compare with");
#endif
}

static void windows_status_is_the_code(void)
{
    CHECK_INT(decode(true, 3).code, 3);
    CHECK_INT(decode(true, 768).code, 768);
    CHECK_INT(decode(true, 0xc0000005).code, 0xc0000005);
    CHECK(decode(true, 9).exited);
}

static void status_that_is_none_of_wait_is_given_as_it_came(void)
{
    CHECK(decode(false, 0x12345678).exited);
    CHECK_INT(decode(false, 0x12345678).code, 0x12345678);
}

/* tests/wine/unit/test_ntstatus.c holds them all against Windows' own header. */
static void names_of_ntstatus_codes(void)
{
    CHECK_TEXT(periscope_exit_name(0xc0000005), "STATUS_ACCESS_VIOLATION");
    CHECK_TEXT(periscope_exit_name(0xc0000135), "STATUS_DLL_NOT_FOUND");
    CHECK(!periscope_exit_name(0) && !periscope_exit_name(3) && !periscope_exit_name(0xc0000004));
}

static void exit_status_of_the_command(void)
{
    struct periscope_exit end = {.exited = true};
    CHECK_INT(child_exit_status(&end), 0);
    end.code = 255;
    CHECK_INT(child_exit_status(&end), 255);
    end.code = 256;
    CHECK_INT(child_exit_status(&end), 255);
    end.code = 0xc0000005;
    CHECK_INT(child_exit_status(&end), 255);
    end = (struct periscope_exit){.signal = 9};
    CHECK_INT(child_exit_status(&end), 137);
    end.signal = 64;
    CHECK_INT(child_exit_status(&end), 192);
    end.signal = 127;
    CHECK_INT(child_exit_status(&end), 255);
}

int main(void)
{
    RUN(linux_status_as_the_system_reads_it);
    RUN(windows_status_is_the_code);
    RUN(status_that_is_none_of_wait_is_given_as_it_came);
    RUN(names_of_ntstatus_codes);
    RUN(exit_status_of_the_command);
    return CHECK_RESULT();
}
