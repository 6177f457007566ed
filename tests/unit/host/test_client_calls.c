/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libperiscope against a scripted agent: the bytes of each call, sent and received. */
#include "tests/unit/host/client.h"

#include "platform/scratch.h"

/* ---- files ---- */

#define GET_V1 "00000001 00000001 73 0000000000000003 |v1| 00"
#define HI "00000001 64 0000000000000002 |hi|"

static void get_bytes_is_begun_anew_wherever_it_is_cut(void)
{
    static const size_t cuts[] = {0, 3, 4, 5, 12, 13, 14};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        char half[64];
        uint8_t *bytes;
        size_t len;
        /* In hexadecimal: two characters a byte. */
        snprintf(half, sizeof half, "%.*s", (int)cuts[i] * 2, "000000016400000000000000026869");
        struct peer_step steps[] = {ACCEPT_1_7, {PEER_EXPECT, GET_V1}, {PEER_SEND, half},
                                    ACCEPT_1_7, {PEER_EXPECT, GET_V1}, {PEER_SEND, HI},
                                    {0}};
        WITH_PEER(steps)
        {
            CHECK_INT(periscope_get_bytes(p, "v1", 100, &bytes, &len), PERISCOPE_OK);
            CHECK_INT(len, 2);
            CHECK(bytes && memcmp(bytes, "hi", 3) == 0);
            free(bytes);
        }
    }
}

static void get_bytes_beyond_the_limit(void)
{
    static const struct peer_step steps[] = {ACCEPT_1_7, {PEER_EXPECT, GET_V1}, {PEER_SEND, HI}, {0}};
    uint8_t *bytes;
    size_t len;
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_get_bytes(p, "v1", 1, &bytes, &len), PERISCOPE_LOCAL);
        CHECK(bytes == NULL && len == 0);
    }
}

static void put_bytes_sends_its_golden_bytes(void)
{
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, "00000002 00000003 73 0000000000000003 |v1| 00 49 0000000000000004 00000001"
                      "64 0000000000000002 |hi|"},
        {PEER_SEND, EMPTY},
        {PEER_EXPECT, "00000002 00000003 73 0000000000000003 |v1| 00 49 0000000000000004 00000000"
                      "64 0000000000000000"},
        {PEER_SEND, "00000001 65 0000000000000003 |no| 00"},
        {0}};
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_put_bytes(p, "hi", 2, "v1", PERISCOPE_EXECUTABLE), PERISCOPE_OK);
        CHECK_INT(periscope_put_bytes(p, NULL, 0, "v1", 0), PERISCOPE_REFUSED);
    }
}

static void put_bytes_is_begun_anew(void)
{
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, "00000002 00000003 73"},
        {PEER_CLOSE, NULL},
        ACCEPT_1_7,
        {PEER_EXPECT, "00000002 00000003 73 0000000000000003 |v1| 00 49 0000000000000004 00000000"
                      "64 0000000000000002 |hi|"},
        {PEER_SEND, EMPTY},
        {0}};
    WITH_PEER(steps)
    CHECK_INT(periscope_put_bytes(p, "hi", 2, "v1", 0), PERISCOPE_OK);
}

static bool give_up(void *context, uint64_t done, uint64_t total)
{
    int *calls = context;
    ++*calls;
    CHECK_INT(done, 2);
    CHECK_INT(total, 2);
    return false;
}

static void transfer_that_is_given_up(void)
{
    static const struct peer_step steps[] = {
        ACCEPT_1_7, {PEER_EXPECT, GET_V1}, {PEER_SEND, HI}, {PEER_SILENT, NULL}, {0}};
    char *path, content[8] = "";
    int calls = 0;
    CHECK_INT(os_scratch_make(&path, NULL), 0);
    FILE *file = fopen(path, "wb");
    CHECK(file && fputs("old", file) >= 0 && fclose(file) == 0);
    WITH_PEER(steps)
    {
        periscope_set_progress(p, give_up, &calls);
        CHECK_INT(periscope_get(p, "v1", path), PERISCOPE_LOCAL);
        CHECK_TEXT(periscope_error_text(p), "cancelled after 2 bytes");
        CHECK_INT(calls, 1);
    }
    WITH_PEER(steps)
    {
        uint8_t *bytes;
        size_t len;
        periscope_set_progress(p, give_up, &calls);
        CHECK_INT(periscope_get_bytes(p, "v1", 100, &bytes, &len), PERISCOPE_LOCAL);
        CHECK(bytes == NULL && len == 0);
        CHECK_INT(calls, 2);
    }
    file = fopen(path, "rb");
    CHECK(file && fread(content, 1, sizeof content - 1, file) == 3);
    CHECK_TEXT(content, "old");
    if (file)
        fclose(file);
    os_scratch_remove(path);
}

#define RM_AB "00000005 00000002 73 0000000000000002 |a| 00 73 0000000000000002 |b| 00"

static void rm_tells_each_failure(void)
{
    static const char *const files[] = {"a", "b"};
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, RM_AB},
        {PEER_SEND, EMPTY},
        {PEER_EXPECT, RM_AB},
        {PEER_SEND, "00000002 75 0000000000000000 73 000000000000000b |can't do b| 00"},
        {PEER_EXPECT, RM_AB},
        {PEER_SEND, "00000001 65 0000000000000003 |no| 00"},
        {PEER_EXPECT, RM_AB},
        {PEER_SEND, "00000001 75 0000000000000000"},
        {0}};
    struct periscope_strings failures;
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_rm(p, files, 2, &failures), PERISCOPE_OK);
        CHECK_INT(failures.count, 0);
        CHECK_INT(periscope_rm(p, files, 2, &failures), PERISCOPE_REFUSED);
        CHECK_INT(failures.count, 1);
        CHECK_TEXT(failures.items[0], "can't do b");
        CHECK_TEXT(periscope_error_text(p), "can't do b");
        periscope_strings_free(&failures);
        CHECK_INT(periscope_rm(p, files, 2, NULL), PERISCOPE_REFUSED);
        CHECK_TEXT(periscope_error_text(p), "no");
        CHECK_INT(periscope_rm(p, files, 2, NULL), PERISCOPE_NO_AGENT);
    }
}

/* ---- programs ---- */

static void run_on_an_agent_without_exec(void)
{
    static const struct peer_step steps[] = {ACCEPT_1_7,
                                             {PEER_EXPECT, EXEC_TRUE},
                                             {PEER_SEND, E_NO_EXEC},
                                             {PEER_EXPECT, RUN_TRUE},
                                             {PEER_SEND, "00000001" PID_5},
                                             {PEER_EXPECT, PING}, /* does the connection still live? */
                                             {PEER_SEND, EMPTY},
                                             {PEER_EXPECT, RUN_TRUE},
                                             {PEER_SEND, "00000001 65 0000000000000003 |no| 00"},
                                             {0}};
    uint64_t pid;
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_run(p, &run_true, &pid), PERISCOPE_OK);
        CHECK_INT(pid, 5);
        CHECK_INT(periscope_run(p, &run_true, &pid), PERISCOPE_REFUSED);
        CHECK_INT(pid, 0);
        static const struct periscope_run nothing;
        CHECK_INT(periscope_run(p, &nothing, &pid), PERISCOPE_INVALID);
    }
}

#define EXEC_ALL                                                                                                       \
    "50530002 00000011 73 0000000000000006 |arg=a| 00 73 0000000000000005 |arg=| 00"                                   \
    "73 000000000000000a |env=A=1=2| 00 73 0000000000000008 |unset=B| 00"                                              \
    "73 0000000000000006 |cwd=/| 00 73 0000000000000005 |in=i| 00 73 0000000000000006 |out=o| 00"                      \
    "73 0000000000000006 |err=e| 00 73 000000000000000c |console=new| 00 73 0000000000000006 |tag=t| 00"               \
    "73 000000000000000b |limit-ms=7| 00 73 000000000000000e |at-limit=kill| 00"                                       \
    "73 000000000000000e |limit-files=f| 00 73 000000000000000b |append=out| 00"                                       \
    "73 000000000000000b |append=err| 00 73 000000000000000c |untracked=1| 00"                                         \
    "73 000000000000000d |check-dlls=1| 00"

static void run_with_all_its_options(void)
{
    static const char *const argv[] = {"a", "", NULL};
    static const char *const env[] = {"A=1=2", "B", NULL};
    static const struct periscope_run run = {.argv = argv,
                                             .env = env,
                                             .cwd = "/",
                                             .in = "i",
                                             .out = "o",
                                             .err = "e",
                                             .append_out = true,
                                             .append_err = true,
                                             .untracked = true,
                                             .check_dlls = true,
                                             .console = "new",
                                             .tag = "t",
                                             .limit_ms = 7,
                                             .at_limit = "kill",
                                             .limit_files = "f"};
    static const struct peer_step steps[] = {ACCEPT_1_7,
                                             {PEER_EXPECT, EXEC_ALL},
                                             {PEER_SEND, "00000001" PID_5},
                                             {PEER_EXPECT, PING},
                                             {PEER_SEND, EMPTY},
                                             {PEER_EXPECT, EXEC_ALL},
                                             {PEER_SEND, E_NO_EXEC},
                                             {PEER_SILENT, NULL},
                                             {0}};
    uint64_t pid;
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_run(p, &run, &pid), PERISCOPE_OK);
        CHECK_INT(periscope_run(p, &run, &pid), PERISCOPE_UNSUPPORTED);
        CHECK(strstr(periscope_error_text(p),
                     "can't set a program's environment, folder, console, tag, limit or streams") != NULL);
    }
}

static void run_flags_of_an_agent_before_exec(void)
{
    static const struct periscope_run run = {.argv = true_argv,
                                             .out = "o",
                                             .err = "e",
                                             .append_out = true,
                                             .append_err = true,
                                             .untracked = true,
                                             .check_dlls = true};
    static const struct peer_step steps[] = {
        {PEER_ACCEPT, NULL},
        {PEER_SEND, "73 000000000000000f |testagentd 1.6| 00"},
        {PEER_EXPECT, "00000003 00000005 49 0000000000000004 00000007 73 0000000000000001 00"
                      "73 0000000000000002 |o| 00 73 0000000000000002 |e| 00 73 0000000000000005 |true| 00"},
        {PEER_SEND, "00000001" PID_5},
        {0}};
    uint64_t pid;
    WITH_PEER(steps)
    CHECK_INT(periscope_run(p, &run, &pid), PERISCOPE_OK);
}

#define TIMED_OUT "00000001 65 0000000000000028 |timed out waiting for the child process| 00"
#define STATUS_768 "00000001 49 0000000000000004 00000300"
/* Steps: the first wait of a connection asks for the system, too. */
#define ASKS_LINUX_FOR_5(seconds)                                                                                      \
    ACCEPT_1_7, {PEER_EXPECT, GETCWD}, {PEER_SEND, LINUX},                                                             \
    {                                                                                                                  \
        PEER_EXPECT, WAIT_5(seconds)                                                                                   \
    }

static void wait_reads_the_status_of_its_system(void)
{
    static const struct peer_step on_linux[] = {ASKS_LINUX_FOR_5("00000014"),
                                                {PEER_SEND, STATUS_768},
                                                {PEER_EXPECT, WAIT_5("00000014")},
                                                {PEER_SEND, "00000001 49 0000000000000004 00000009"},
                                                {0}};
    static const struct peer_step on_windows[] = {ACCEPT_1_7,
                                                  {PEER_EXPECT, GETCWD},
                                                  {PEER_SEND, WINDOWS},
                                                  {PEER_EXPECT, WAIT_5("00000014")},
                                                  {PEER_SEND, STATUS_768},
                                                  {0}};
    struct periscope_exit end;
    WITH_PEER(on_linux)
    {
        CHECK_INT(periscope_wait(p, 5, -1, 0, &end), PERISCOPE_OK);
        CHECK(end.exited);
        CHECK_INT(end.code, 3);
        CHECK_INT(periscope_wait(p, 5, -1, 0, &end), PERISCOPE_OK);
        CHECK(!end.exited);
        CHECK_INT(end.signal, 9);
    }
    WITH_PEER(on_windows)
    {
        CHECK_INT(periscope_wait(p, 5, -1, 0, &end), PERISCOPE_OK);
        CHECK_INT(end.code, 768);
    }
}

static void wait_asks_on_and_reconnects(void)
{
    static const struct peer_step steps[] = {ASKS_LINUX_FOR_5("00000002"),
                                             {PEER_SEND, TIMED_OUT},
                                             {PEER_EXPECT, WAIT_5("00000002")},
                                             ACCEPT_1_7,
                                             {PEER_EXPECT, WAIT_5("00000002")},
                                             {PEER_SEND, STATUS_768},
                                             {0}};
    struct periscope_exit end;
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_wait(p, 5, -1, 1500, &end), PERISCOPE_OK);
        CHECK_INT(end.code, 3);
    }
}

#define LOST                                                                                                           \
    {PEER_ACCEPT, NULL},                                                                                               \
    {                                                                                                                  \
        PEER_CLOSE, NULL                                                                                               \
    }

struct told {
    int times, over;
};

static void told_away(void *context, int ms, int limit_ms, bool over)
{
    struct told *told = context;
    CHECK(ms >= 0 && limit_ms == 60000);
    told->times += !over;
    told->over += over;
}

static void wait_goes_on_for_as_long_as_the_guest_may_be_away(void)
{
    static const struct peer_step given_up[] = {ASKS_LINUX_FOR_5("00000014"), {PEER_CLOSE, NULL}, LOST, LOST, {0}};
    static const struct peer_step goes_on[] = {
        ASKS_LINUX_FOR_5("00000014"),      {PEER_CLOSE, NULL},      LOST, LOST, LOST, ACCEPT_1_7,
        {PEER_EXPECT, WAIT_5("00000014")}, {PEER_SEND, STATUS_768}, {0}};
    struct periscope_exit end;
    struct told told = {0};
    WITH_PEER(given_up)
    {
        CHECK_INT(periscope_wait(p, 5, -1, 0, &end), PERISCOPE_NO_AGENT);
    }
    WITH_PEER(goes_on)
    {
        periscope_set_away(p, 60000, told_away, &told);
        CHECK_INT(periscope_wait(p, 5, -1, 0, &end), PERISCOPE_OK);
        CHECK_INT(end.code, 3);
        CHECK_INT(told.times, 4);
        CHECK_INT(told.over, 1);
    }
}

static void wait_that_ends_without_a_status(void)
{
    static const struct peer_step steps[] = {
        ASKS_LINUX_FOR_5("00000000"),
        {PEER_SEND, TIMED_OUT},
        {PEER_EXPECT, WAIT_5("00000014")},
        {PEER_SEND, "00000001 65 0000000000000037 |the 5 process does not exist or is not a child process| 00"},
        {0}};
    struct periscope_exit end;
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_wait(p, 5, 0, 0, &end), PERISCOPE_STILL_RUNNING);
        CHECK_INT(periscope_wait(p, 5, -1, 0, &end), PERISCOPE_REFUSED);
    }
}

static void wait_on_the_oldest_agents(void)
{
    /* 1.0 has neither getcwd, properties nor wait2, and forgets by itself. */
    static const struct peer_step steps[] = {{PEER_ACCEPT, NULL},
                                             {PEER_SEND, "73 000000000000000f |testagentd 1.0| 00"},
                                             {PEER_EXPECT, "00000004 00000001" PID_5},
                                             {PEER_SEND, STATUS_768},
                                             {PEER_EXPECT, PING}, /* does the connection still live? */
                                             {PEER_SEND, EMPTY},
                                             {PEER_EXPECT, PING},
                                             {PEER_SEND, EMPTY},
                                             {0}};
    /* 1.1 has wait2, for which 0 seconds may be for ever. */
    static const struct peer_step older[] = {{PEER_ACCEPT, NULL},
                                             {PEER_SEND, "73 000000000000000f |testagentd 1.1| 00"},
                                             {PEER_EXPECT, WAIT_5("00000001")},
                                             {PEER_SEND, TIMED_OUT},
                                             {0}};
    struct periscope_exit end;
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_wait(p, 5, -1, 0, &end), PERISCOPE_OK);
        CHECK_INT(end.code, 768);
        CHECK_INT(periscope_forget(p, 5), PERISCOPE_OK);
        CHECK_INT(periscope_settime(p, 0, 0), PERISCOPE_UNSUPPORTED);
        CHECK_INT(periscope_kill(p, 5, 0, NULL), PERISCOPE_UNSUPPORTED);
        CHECK_INT(periscope_ping(p), PERISCOPE_OK);
    }
    WITH_PEER(older)
    CHECK_INT(periscope_wait(p, 5, 0, 0, &end), PERISCOPE_STILL_RUNNING);
}

#define FORGET_5 "0000000a 00000001" PID_5

static void forget_that_was_done_before_the_connection_was_lost(void)
{
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, FORGET_5},
        ACCEPT_1_7,
        {PEER_EXPECT, FORGET_5},
        {PEER_SEND, "00000001 65 0000000000000037 |the 5 process does not exist or is not a child process| 00"},
        {0}};
    WITH_PEER(steps)
    CHECK_INT(periscope_forget(p, 5), PERISCOPE_OK);
}

static void kill_lists_what_it_ended(void)
{
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, "50530003 00000002" PID_5 "73 000000000000000d |grace-ms=100| 00"},
        {PEER_SEND, "00000002 73 0000000000000005 |5 sh| 00 73 0000000000000005 |6 ls| 00"},
        {0}};
    struct periscope_strings killed;
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_kill(p, 5, 100, &killed), PERISCOPE_OK);
        CHECK_INT(killed.count, 2);
        CHECK_TEXT(killed.items[0], "5 sh");
        CHECK_TEXT(killed.items[1], "6 ls");
        periscope_strings_free(&killed);
        CHECK_INT(periscope_kill(p, 5, 30001, &killed), PERISCOPE_INVALID);
    }
}

/* ---- the rest ---- */

static void calls_with_two_arguments(void)
{
    static const char *const argv[] = {"agent", "9000", NULL};
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, "00000007 00000002 51 0000000000000008 0000000123456789 49 0000000000000004 0000001e"},
        {PEER_SEND, EMPTY},
        {PEER_EXPECT, "0000000c 00000002 73 0000000000000002 |a| 00 73 0000000000000002 |b| 00"},
        {PEER_SEND, EMPTY},
        {PEER_EXPECT, PING},
        {PEER_SEND, EMPTY},
        {PEER_EXPECT, "0000000d 00000002 73 0000000000000006 |agent| 00 73 0000000000000005 |9000| 00"},
        {PEER_SEND, EMPTY},
        ACCEPT_1_7, /* it has disconnected */
        {PEER_EXPECT, GETCWD},
        {PEER_SEND, WINDOWS},
        {0}};
    char *cwd;
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_settime(p, 0x123456789, 30), PERISCOPE_OK);
        CHECK_INT(periscope_set_property(p, "a", "b"), PERISCOPE_OK);
        CHECK_INT(periscope_restart(p, argv), PERISCOPE_OK);
        CHECK_INT(periscope_restart(p, argv + 2), PERISCOPE_INVALID);
        CHECK_INT(periscope_getcwd(p, &cwd), PERISCOPE_OK);
        CHECK_TEXT(cwd, "C:\\");
        free(cwd);
    }
}

int main(void)
{
    RUN(get_bytes_is_begun_anew_wherever_it_is_cut);
    RUN(get_bytes_beyond_the_limit);
    RUN(put_bytes_sends_its_golden_bytes);
    RUN(put_bytes_is_begun_anew);
    RUN(transfer_that_is_given_up);
    RUN(rm_tells_each_failure);
    RUN(run_on_an_agent_without_exec);
    RUN(run_with_all_its_options);
    RUN(run_flags_of_an_agent_before_exec);
    RUN(wait_reads_the_status_of_its_system);
    RUN(wait_asks_on_and_reconnects);
    RUN(wait_goes_on_for_as_long_as_the_guest_may_be_away);
    RUN(wait_that_ends_without_a_status);
    RUN(wait_on_the_oldest_agents);
    RUN(forget_that_was_done_before_the_connection_was_lost);
    RUN(kill_lists_what_it_ended);
    RUN(calls_with_two_arguments);
    return CHECK_RESULT();
}
