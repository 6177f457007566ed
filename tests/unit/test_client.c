/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libperiscope against a scripted agent: the bytes it sends, and what it makes of good, broken and cut replies. */
#include "host/periscope.h"

#include "tests/unit/check.h"
#include "tests/unit/peer.h"

#define PING "00000000 00000000"
#define EMPTY "00000000"
#define WINDOWS "00000001 73 0000000000000004 |C:\\| 00"
#define LINUX "00000001 73 0000000000000002 |/| 00"
#define GETCWD "0000000b 00000000"
#define E_NO_EXEC "00000001 65 0000000000000017 |unknown RPC 1347616770| 00"
#define PID_5 "51 0000000000000008 0000000000000005"

static struct periscope *begin(struct peer *peer, const struct peer_step *steps)
{
    peer_start(peer, steps);
    struct periscope *p = periscope_new("127.0.0.1", peer_port(peer));
    periscope_set_timeouts(p, 5000, 5000);
    return p;
}

static struct periscope *end_peer(struct peer *peer, struct periscope *p)
{
    periscope_free(p);
    CHECK_TEXT(peer_end(peer), "");
    return NULL;
}

/* WITH_PEER(steps) statement: with p connected to a peer that goes through the steps, and has to the end of them. */
#define WITH(peer, steps) for (struct periscope *p = begin(&peer, steps); p; p = end_peer(&peer, p))
#define WITH_PEER(steps)                                                                                     \
    for (struct peer peer = {0}, *once = &peer; once; once = NULL)                                           \
    WITH(peer, steps)

/* ---- the connection ---- */

static void ping_sends_its_golden_bytes(void)
{
    static const struct peer_step steps[] = {ACCEPT_1_7, {PEER_EXPECT, PING}, {PEER_SEND, EMPTY}, {0}};
    WITH_PEER(steps) {
        CHECK_INT(periscope_ping(p), PERISCOPE_OK);
        CHECK_TEXT(periscope_banner(p), "testagentd 1.7");
        CHECK_TEXT(periscope_error_text(p), "");
    }
}

static int ping_with_banner(const char *banner)
{
    struct peer_step steps[] = {{PEER_ACCEPT, NULL}, {PEER_SEND, banner}, {PEER_CLOSE, NULL}, {0}};
    int status = 0;
    WITH_PEER(steps) {
        status = periscope_ping(p);
        CHECK(strncmp(periscope_error_text(p), "127.0.0.1:", 10) == 0);
    }
    return status;
}

static void banner_that_is_none(void)
{
    static const char *const wrong[] = {
        "|SSH-2.0-OpenSSH_9.2|",
        "|HTTP/1.1 400 Bad Request|",
        "73 000000000000000f |testagentd 2.0| 00",
        "73 0000000000000010 |testagentd 1.7x| 00",
        "73 000000000000000e |testagentd 1.| 00",
        "73 000000000000000f |othersagnt 1.7| 00",
        "73 000000000000000f |testagentd 1.77|",  /* no NUL */
        "73 0000000000000000",                    /* no text */
        "73 7fffffffffffffff |testagentd 1.7| 00", /* too long for any banner */
        "75 0000000000000000",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_INT(ping_with_banner(wrong[i]), PERISCOPE_NO_AGENT);
}

static void banner_that_refuses(void)
{
    static const struct peer_step steps[] = {
        {PEER_ACCEPT, NULL}, {PEER_SEND, "65 0000000000000011 |too many clients| 00"}, {0}};
    WITH_PEER(steps) {
        CHECK_INT(periscope_ping(p), PERISCOPE_REFUSED);
        CHECK_TEXT(periscope_error_text(p), "too many clients");
    }
}

static void banner_cut_anywhere_is_no_agent(void)
{
    for (size_t cut = 0; cut < 24; cut++) {
        static const struct peer_step steps[] = {{PEER_ACCEPT, NULL}, {PEER_SEND, BANNER_1_7}, {0}};
        struct peer peer = {.cuts = true, .cut = cut};
        WITH(peer, steps) {
            CHECK_INT(periscope_ping(p), PERISCOPE_NO_AGENT);
            CHECK(strstr(periscope_error_text(p), "without a banner (is this host allowed?)") != NULL);
        }
    }
}

static void nobody_there_is_no_agent(void)
{
    struct os_listener *listener;
    CHECK_INT(os_listen(&listener, "127.0.0.1", 0, NULL), 0);
    unsigned port = os_listener_port(listener);
    os_listener_close(listener);
    struct periscope *p = periscope_new("127.0.0.1", port);
    CHECK_INT(periscope_ping(p), PERISCOPE_NO_AGENT);
    CHECK(strstr(periscope_error_text(p), "Connection refused") != NULL);
    CHECK(periscope_banner(p) == NULL);
    periscope_free(p);
    p = periscope_new("127.0.0.1", 0);
    CHECK_INT(periscope_ping(p), PERISCOPE_INVALID);
    periscope_free(p);
    periscope_free(NULL);
}

/* ---- replies ---- */

#define RUN_TRUE                                                                                             \
    "00000003 00000005 49 0000000000000004 00000000 73 0000000000000001 00 73 0000000000000001 00"           \
    "73 0000000000000001 00 73 0000000000000005 |true| 00"
#define EXEC_TRUE "50530002 00000001 73 0000000000000009 |arg=true| 00"

static const char *const true_argv[] = {"true", NULL};
static const struct periscope_run run_true = {.argv = true_argv};

static const struct peer_step exec_steps[] = {ACCEPT_1_7, {PEER_EXPECT, EXEC_TRUE}, {PEER_SEND, "00000001" PID_5}, {0}};

static void reply_split_at_every_byte(void)
{
    uint64_t pid;
    for (size_t split = 0; split <= 24; split++) {
        struct peer peer = {.split = split ? split : SIZE_MAX};
        WITH(peer, exec_steps) {
            CHECK_INT(periscope_run(p, &run_true, &pid), PERISCOPE_OK);
            CHECK_INT(pid, 5);
        }
    }
}

/* What may have been done is not done again: the script has one connection only. */
static void reply_cut_at_every_byte_is_not_asked_for_again(void)
{
    uint64_t pid;
    for (size_t cut = 0; cut < 21; cut++) {
        struct peer peer = {.cuts = true, .cut = cut};
        WITH(peer, exec_steps) {
            CHECK_INT(periscope_run(p, &run_true, &pid), PERISCOPE_NO_AGENT);
            CHECK(strstr(periscope_error_text(p), "waiting for the reply to exec") != NULL);
            CHECK_INT(pid, 0);
        }
    }
}

static void ping_is_asked_again_after_a_lost_connection(void)
{
    static const struct peer_step steps[] = {ACCEPT_1_7,          {PEER_EXPECT, PING}, ACCEPT_1_7,
                                             {PEER_EXPECT, PING}, {PEER_SEND, "0000"}, ACCEPT_1_7,
                                             {PEER_EXPECT, PING}, {PEER_SEND, EMPTY},  {0}};
    WITH_PEER(steps)
        CHECK_INT(periscope_ping(p), PERISCOPE_OK);
}

static void ping_is_not_asked_for_ever(void)
{
    static const struct peer_step steps[] = {ACCEPT_1_7, {PEER_EXPECT, PING}, ACCEPT_1_7, {PEER_EXPECT, PING},
                                             ACCEPT_1_7, {PEER_EXPECT, PING}, {0}};
    WITH_PEER(steps)
        CHECK_INT(periscope_ping(p), PERISCOPE_NO_AGENT);
}

static void silence_is_timed_out(void)
{
    static const struct peer_step steps[] = {ACCEPT_1_7, {PEER_EXPECT, PING}, {PEER_SILENT, NULL}, {0}};
    WITH_PEER(steps) {
        periscope_set_timeouts(p, 5000, 50);
        CHECK_INT(periscope_ping(p), PERISCOPE_TIMED_OUT);
        CHECK(strstr(periscope_error_text(p), "timed out while waiting for the reply to ping") != NULL);
    }
}

static int properties_with_reply(const char *reply, char *text)
{
    struct peer_step steps[] = {ACCEPT_1_7, {PEER_EXPECT, "00000008 00000000"}, {PEER_SEND, reply},
                                {PEER_SILENT, NULL}, {0}};
    struct periscope_strings properties;
    int status = 0;
    WITH_PEER(steps) {
        status = periscope_properties(p, &properties);
        strcpy(text, periscope_error_text(p));
        CHECK(status == 0 || (properties.items == NULL && properties.count == 0));
    }
    periscope_strings_free(&properties);
    return status;
}

static void reply_with_an_error_anywhere(void)
{
    char text[8192];
    CHECK_INT(properties_with_reply("00000001 65 0000000000000003 |no| 00", text), PERISCOPE_REFUSED);
    CHECK_TEXT(text, "no");
    CHECK_INT(properties_with_reply("00000003 73 0000000000000004 |a=b| 00 65 0000000000000003 |no| 00"
                                    "73 0000000000000004 |a=b| 00", text), PERISCOPE_REFUSED);
    CHECK_TEXT(text, "no");
    CHECK_INT(properties_with_reply("00000001 65 0000000000000006 |a| 0a 07 |b| 1b 00", text), PERISCOPE_REFUSED);
    CHECK_TEXT(text, "a??b?");
    CHECK_INT(properties_with_reply("00000001 65 000000000000000e |unknown RPC 8| 00", text), PERISCOPE_UNSUPPORTED);
}

static void reply_that_is_malformed(void)
{
    static const char *const wrong[] = {
        "00000001 49 0000000000000004 00000001",        /* a number for a string */
        "00000001 00 0000000000000000",                 /* no type at all */
        "00000001 ff 0000000000000000",
        "00000001 73 0000000000000000",                 /* a string without its NUL */
        "00000001 73 0000000000000003 |abc|",
        "00000001 73 0000000000000003 |a| 00 00",       /* two NULs */
        "00000001 73 0000000000100001 |a|",             /* longer than any string */
        "00000001 73 ffffffffffffffff |a|",
        "00100000",                                     /* 2^20 entries */
        "ffffffff",
    };
    char text[8192];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_INT(properties_with_reply(wrong[i], text), PERISCOPE_NO_AGENT);
}

static int ping_with_reply(const char *reply, char *text)
{
    struct peer_step steps[] = {ACCEPT_1_7, {PEER_EXPECT, PING}, {PEER_SEND, reply}, {PEER_SILENT, NULL}, {0}};
    int status = 0;
    WITH_PEER(steps) {
        status = periscope_ping(p);
        strcpy(text, periscope_error_text(p));
    }
    return status;
}

static void reply_with_a_wrong_count(void)
{
    char text[8192];
    CHECK_INT(ping_with_reply("00000001 49 0000000000000004 00000001", text), PERISCOPE_NO_AGENT);
    CHECK(strstr(text, "the reply to ping is malformed: 1 entries instead of 0") != NULL);
    CHECK_INT(ping_with_reply("00000002 75 0000000000000000 65 0000000000000003 |no| 00", text), PERISCOPE_REFUSED);
    CHECK_TEXT(text, "no");
}

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
        struct peer_step steps[] = {ACCEPT_1_7, {PEER_EXPECT, GET_V1}, {PEER_SEND, half}, ACCEPT_1_7,
                                    {PEER_EXPECT, GET_V1}, {PEER_SEND, HI}, {0}};
        WITH_PEER(steps) {
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
    WITH_PEER(steps) {
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
    WITH_PEER(steps) {
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
    (void)context;
    CHECK_INT(total, 2);
    return done > 2;
}

static void transfer_that_is_given_up(void)
{
    static const struct peer_step steps[] = {ACCEPT_1_7, {PEER_EXPECT, GET_V1}, {PEER_SEND, HI}, {PEER_SILENT, NULL},
                                             {0}};
    WITH_PEER(steps) {
        periscope_set_progress(p, give_up, NULL);
        CHECK_INT(periscope_get(p, "v1", "build/given-up"), PERISCOPE_LOCAL);
        FILE *file = fopen("build/given-up", "rb");
        CHECK(file == NULL);
    }
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
    WITH_PEER(steps) {
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
    WITH_PEER(steps) {
        CHECK_INT(periscope_run(p, &run_true, &pid), PERISCOPE_OK);
        CHECK_INT(pid, 5);
        CHECK_INT(periscope_run(p, &run_true, &pid), PERISCOPE_REFUSED);
        CHECK_INT(pid, 0);
        static const struct periscope_run nothing;
        CHECK_INT(periscope_run(p, &nothing, &pid), PERISCOPE_INVALID);
    }
}

static void run_with_all_its_options(void)
{
    static const char *const argv[] = {"a", "", NULL};
    static const char *const env[] = {"A=1=2", "B", NULL};
    static const struct periscope_run run = {argv, env, "/", "i", "o", "e", true, true, true};
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, "50530002 0000000b 73 0000000000000006 |arg=a| 00 73 0000000000000005 |arg=| 00"
                      "73 000000000000000a |env=A=1=2| 00 73 0000000000000008 |unset=B| 00"
                      "73 0000000000000006 |cwd=/| 00 73 0000000000000005 |in=i| 00 73 0000000000000006 |out=o| 00"
                      "73 0000000000000006 |err=e| 00 73 000000000000000b |append=out| 00"
                      "73 000000000000000b |append=err| 00 73 000000000000000c |untracked=1| 00"},
        {PEER_SEND, "00000001" PID_5},
        {PEER_EXPECT, PING},
        {PEER_SEND, EMPTY},
        {PEER_EXPECT, "50530002"},
        {PEER_SEND, E_NO_EXEC},
        {PEER_SILENT, NULL},
        {0}};
    uint64_t pid;
    WITH_PEER(steps) {
        CHECK_INT(periscope_run(p, &run, &pid), PERISCOPE_OK);
        CHECK_INT(periscope_run(p, &run, &pid), PERISCOPE_UNSUPPORTED);
        CHECK(strstr(periscope_error_text(p), "can't set a program's environment or folder") != NULL);
    }
}

static void run_flags_of_an_agent_before_exec(void)
{
    static const struct periscope_run run = {true_argv, NULL, NULL, NULL, "o", "e", true, true, true};
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

#define WAIT_5(seconds) "00000006 00000002" PID_5 "49 0000000000000004 " seconds
#define TIMED_OUT "00000001 65 0000000000000028 |timed out waiting for the child process| 00"
#define STATUS_768 "00000001 49 0000000000000004 00000300"

static void wait_reads_the_status_of_its_system(void)
{
    static const struct peer_step on_linux[] = {
        ACCEPT_1_7, {PEER_EXPECT, GETCWD}, {PEER_SEND, LINUX}, {PEER_EXPECT, WAIT_5("00000014")},
        {PEER_SEND, STATUS_768}, {PEER_EXPECT, WAIT_5("00000014")},
        {PEER_SEND, "00000001 49 0000000000000004 00000009"}, {0}};
    static const struct peer_step on_windows[] = {ACCEPT_1_7, {PEER_EXPECT, GETCWD}, {PEER_SEND, WINDOWS},
                                                  {PEER_EXPECT, WAIT_5("00000014")}, {PEER_SEND, STATUS_768}, {0}};
    struct periscope_exit end;
    WITH_PEER(on_linux) {
        CHECK_INT(periscope_wait(p, 5, -1, 0, &end), PERISCOPE_OK);
        CHECK(end.exited);
        CHECK_INT(end.code, 3);
        CHECK_INT(periscope_wait(p, 5, -1, 0, &end), PERISCOPE_OK);
        CHECK(!end.exited);
        CHECK_INT(end.signal, 9);
    }
    WITH_PEER(on_windows) {
        CHECK_INT(periscope_wait(p, 5, -1, 0, &end), PERISCOPE_OK);
        CHECK_INT(end.code, 768);
    }
}

static void wait_asks_on_and_reconnects(void)
{
    static const struct peer_step steps[] = {ACCEPT_1_7,
                                             {PEER_EXPECT, GETCWD},
                                             {PEER_SEND, LINUX},
                                             {PEER_EXPECT, WAIT_5("00000002")},
                                             {PEER_SEND, TIMED_OUT},
                                             {PEER_EXPECT, WAIT_5("00000002")},
                                             ACCEPT_1_7,
                                             {PEER_EXPECT, WAIT_5("00000002")},
                                             {PEER_SEND, STATUS_768},
                                             {0}};
    struct periscope_exit end;
    WITH_PEER(steps) {
        CHECK_INT(periscope_wait(p, 5, -1, 1500, &end), PERISCOPE_OK);
        CHECK_INT(end.code, 3);
    }
}

static void wait_that_ends_without_a_status(void)
{
    static const struct peer_step steps[] = {
        ACCEPT_1_7, {PEER_EXPECT, GETCWD}, {PEER_SEND, LINUX}, {PEER_EXPECT, WAIT_5("00000000")},
        {PEER_SEND, TIMED_OUT}, {PEER_EXPECT, WAIT_5("00000014")},
        {PEER_SEND, "00000001 65 0000000000000037 |the 5 process does not exist or is not a child process| 00"}, {0}};
    struct periscope_exit end;
    WITH_PEER(steps) {
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
    WITH_PEER(steps) {
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
        ACCEPT_1_7, {PEER_EXPECT, FORGET_5}, ACCEPT_1_7, {PEER_EXPECT, FORGET_5},
        {PEER_SEND, "00000001 65 0000000000000037 |the 5 process does not exist or is not a child process| 00"}, {0}};
    WITH_PEER(steps)
        CHECK_INT(periscope_forget(p, 5), PERISCOPE_OK);
}

static void kill_lists_what_it_ended(void)
{
    static const struct peer_step steps[] = {
        ACCEPT_1_7, {PEER_EXPECT, "50530003 00000002" PID_5 "73 000000000000000d |grace-ms=100| 00"},
        {PEER_SEND, "00000002 73 0000000000000005 |5 sh| 00 73 0000000000000005 |6 ls| 00"}, {0}};
    struct periscope_strings killed;
    WITH_PEER(steps) {
        CHECK_INT(periscope_kill(p, 5, 100, &killed), PERISCOPE_OK);
        CHECK_INT(killed.count, 2);
        CHECK_TEXT(killed.items[1], "6 ls");
        periscope_strings_free(&killed);
        CHECK_INT(periscope_kill(p, 5, 30001, &killed), PERISCOPE_INVALID);
    }
}

/* ---- the screen and the rest ---- */

static void screenshot_with_facts_and_unchanged(void)
{
    static const char *const options[] = {"format=ppm", NULL};
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, "50530001 00000001 73 000000000000000b |format=ppm| 00"},
        {PEER_SEND, "00000003 73 0000000000000007 |hash=1| 00 73 0000000000000009 |cursor=0| 00"
                    "64 0000000000000002 |P6|"},
        {PEER_EXPECT, "50530001 00000000"},
        {PEER_SEND, "00000001 75 0000000000000000"},
        {PEER_EXPECT, "50530001 00000000"},
        {PEER_SEND, "00000001 73 0000000000000007 |hash=1| 00"},
        {0}};
    struct periscope_strings facts;
    uint8_t *bytes;
    size_t len;
    WITH_PEER(steps) {
        CHECK_INT(periscope_screenshot(p, options, &facts, &bytes, &len), PERISCOPE_OK);
        CHECK_TEXT(periscope_strings_get(&facts, "hash"), "1");
        CHECK(periscope_strings_get(&facts, "has") == NULL);
        CHECK(len == 2 && memcmp(bytes, "P6", 2) == 0);
        free(bytes);
        periscope_strings_free(&facts);
        CHECK_INT(periscope_screenshot(p, NULL, &facts, &bytes, &len), PERISCOPE_OK);
        CHECK(bytes == NULL && len == 0 && facts.count == 0);
        CHECK_INT(periscope_screenshot(p, NULL, NULL, &bytes, &len), PERISCOPE_NO_AGENT);
    }
}

#define E_NO_SHOT "00000001 65 0000000000000017 |unknown RPC 1347616769| 00"
#define GET_SHOT "00000001 00000001 73 000000000000001a |.periscope/screenshot.png| 00"

static void screenshot_of_an_agent_without_the_rpc(void)
{
    static const char *const options[] = {"cursor=0", NULL};
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, "50530001 00000000"},
        {PEER_SEND, E_NO_SHOT},
        {PEER_EXPECT, GET_SHOT},
        {PEER_SEND, "00000001 64 0000000000000003 |PNG|"},
        {PEER_EXPECT, "50530001 00000000"},
        {PEER_SEND, E_NO_SHOT},
        {PEER_EXPECT, GET_SHOT},
        {PEER_SEND, "00000001 65 000000000000003a |unable to open 'x' for reading: No such file or directory| 00"},
        {PEER_EXPECT, "50530001 00000001 73 0000000000000009 |cursor=0| 00"},
        {PEER_SEND, E_NO_SHOT},
        {0}};
    uint8_t *bytes;
    size_t len;
    WITH_PEER(steps) {
        CHECK_INT(periscope_screenshot(p, NULL, NULL, &bytes, &len), PERISCOPE_OK);
        CHECK_INT(len, 3);
        free(bytes);
        CHECK_INT(periscope_screenshot(p, NULL, NULL, &bytes, &len), PERISCOPE_UNSUPPORTED);
        CHECK_INT(periscope_screenshot(p, options, NULL, &bytes, &len), PERISCOPE_UNSUPPORTED);
    }
}

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
    WITH_PEER(steps) {
        CHECK_INT(periscope_settime(p, 0x123456789, 30), PERISCOPE_OK);
        CHECK_INT(periscope_set_property(p, "a", "b"), PERISCOPE_OK);
        CHECK_INT(periscope_restart(p, argv), PERISCOPE_OK);
        CHECK_INT(periscope_restart(p, argv + 2), PERISCOPE_INVALID);
        CHECK_INT(periscope_getcwd(p, &cwd), PERISCOPE_OK);
        CHECK_TEXT(cwd, "C:\\");
        free(cwd);
    }
}

/* ---- interruption ---- */

static void interrupt_soon(void *context)
{
    os_sleep_ms(30);
    periscope_interrupt(context);
}

static void wait_is_interrupted(void)
{
    static const struct peer_step steps[] = {
        ACCEPT_1_7, {PEER_EXPECT, GETCWD}, {PEER_SEND, LINUX}, {PEER_EXPECT, WAIT_5("00000014")},
        {PEER_SILENT, NULL}, ACCEPT_1_7, {PEER_EXPECT, PING}, {PEER_SEND, EMPTY}, {0}};
    struct periscope_exit end;
    WITH_PEER(steps) {
        os_thread_start(interrupt_soon, p, NULL);
        CHECK_INT(periscope_wait(p, 5, -1, 0, &end), PERISCOPE_INTERRUPTED);
        /* It was for that call; p lives on. */
        CHECK_INT(periscope_ping(p), PERISCOPE_OK);
    }
}

static void interruption_before_a_call_ends_it(void)
{
    struct periscope *p = periscope_new("127.0.0.1", 1);
    periscope_interrupt(p);
    CHECK_INT(periscope_ping(p), PERISCOPE_INTERRUPTED);
    CHECK_INT(periscope_ping(p), PERISCOPE_NO_AGENT);
    periscope_free(p);
}

/* ---- a guest that boots ---- */

static void wait_boot_goes_on_until_another_boot_answers(void)
{
    static const struct peer_step steps[] = {
        {PEER_ACCEPT, NULL}, {PEER_CLOSE, NULL},
        ACCEPT_1_7, {PEER_EXPECT, PING}, {PEER_SEND, EMPTY}, {PEER_EXPECT, "00000008 00000000"},
        {PEER_SEND, "00000001 73 000000000000000c |boot.id=old| 00"},
        ACCEPT_1_7, {PEER_EXPECT, PING}, {PEER_SEND, EMPTY}, {PEER_EXPECT, "00000008 00000000"},
        {PEER_SEND, "00000001 73 000000000000000c |boot.id=new| 00"}, {0}};
    WITH_PEER(steps)
        CHECK_INT(periscope_wait_boot(p, 10000, "old"), PERISCOPE_OK);
}

static void wait_boot_ends_with_the_last_reason(void)
{
    struct periscope *p = periscope_new("127.0.0.1", 1);
    CHECK_INT(periscope_wait_boot(p, 100, NULL), PERISCOPE_TIMED_OUT);
    CHECK(strstr(periscope_error_text(p), "within 0.1 s: could not connect") != NULL);
    periscope_free(p);
}

int main(void)
{
    RUN(ping_sends_its_golden_bytes);
    RUN(banner_that_is_none);
    RUN(banner_that_refuses);
    RUN(banner_cut_anywhere_is_no_agent);
    RUN(nobody_there_is_no_agent);
    RUN(reply_split_at_every_byte);
    RUN(reply_cut_at_every_byte_is_not_asked_for_again);
    RUN(ping_is_asked_again_after_a_lost_connection);
    RUN(ping_is_not_asked_for_ever);
    RUN(silence_is_timed_out);
    RUN(reply_with_an_error_anywhere);
    RUN(reply_that_is_malformed);
    RUN(reply_with_a_wrong_count);
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
    RUN(wait_that_ends_without_a_status);
    RUN(wait_on_the_oldest_agents);
    RUN(forget_that_was_done_before_the_connection_was_lost);
    RUN(kill_lists_what_it_ended);
    RUN(screenshot_with_facts_and_unchanged);
    RUN(screenshot_of_an_agent_without_the_rpc);
    RUN(calls_with_two_arguments);
    RUN(wait_is_interrupted);
    RUN(interruption_before_a_call_ends_it);
    RUN(wait_boot_goes_on_until_another_boot_answers);
    RUN(wait_boot_ends_with_the_last_reason);
    return CHECK_RESULT();
}
