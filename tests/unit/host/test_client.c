/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libperiscope against a scripted agent: the connection, and what it makes of good, broken and cut replies. */
#include "tests/unit/host/client.h"

/* ---- the connection ---- */

static void ping_sends_its_golden_bytes(void)
{
    static const struct peer_step steps[] = {ACCEPT_1_7, {PEER_EXPECT, PING}, {PEER_SEND, EMPTY}, {0}};
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_ping(p), PERISCOPE_OK);
        CHECK_TEXT(periscope_banner(p), "testagentd 1.7");
        CHECK_TEXT(periscope_error_text(p), "");
    }
}

static int ping_with_banner(const char *banner)
{
    struct peer_step steps[] = {{PEER_ACCEPT, NULL}, {PEER_SEND, banner}, {PEER_CLOSE, NULL}, {0}};
    int status = 0;
    WITH_PEER(steps)
    {
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
        "73 000000000000000f |testagentd 1.77|",   /* no NUL */
        "73 0000000000000000",                     /* no text */
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
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_ping(p), PERISCOPE_REFUSED);
        CHECK_TEXT(periscope_error_text(p), "too many clients");
    }
}

static void banner_cut_anywhere_is_no_agent(void)
{
    for (size_t cut = 0; cut < 24; cut++) {
        static const struct peer_step steps[] = {{PEER_ACCEPT, NULL}, {PEER_SEND, BANNER_1_7}, {0}};
        struct peer peer = {.cuts = true, .cut = cut};
        WITH(peer, steps)
        {
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

static const struct peer_step exec_steps[] = {ACCEPT_1_7, {PEER_EXPECT, EXEC_TRUE}, {PEER_SEND, "00000001" PID_5}, {0}};

static void reply_split_at_every_byte(void)
{
    uint64_t pid;
    for (size_t split = 0; split <= 24; split++) {
        struct peer peer = {.split = split ? split : SIZE_MAX};
        WITH(peer, exec_steps)
        {
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
        WITH(peer, exec_steps)
        {
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
    WITH_PEER(steps)
    {
        periscope_set_timeouts(p, 5000, 50);
        CHECK_INT(periscope_ping(p), PERISCOPE_TIMED_OUT);
        CHECK(strstr(periscope_error_text(p), "timed out while waiting for the reply to ping") != NULL);
    }
}

static int properties_with_reply(const char *reply, char *text)
{
    struct peer_step steps[] = {
        ACCEPT_1_7, {PEER_EXPECT, "00000008 00000000"}, {PEER_SEND, reply}, {PEER_SILENT, NULL}, {0}};
    struct periscope_strings properties;
    int status = 0;
    WITH_PEER(steps)
    {
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
                                    "73 0000000000000004 |a=b| 00",
                                    text),
              PERISCOPE_REFUSED);
    CHECK_TEXT(text, "no");
    CHECK_INT(properties_with_reply("00000001 65 0000000000000006 |a| 0a 07 |b| 1b 00", text), PERISCOPE_REFUSED);
    CHECK_TEXT(text, "a??b?");
    CHECK_INT(properties_with_reply("00000001 65 000000000000000e |unknown RPC 8| 00", text), PERISCOPE_UNSUPPORTED);
}

static void reply_that_is_malformed(void)
{
    static const char *const wrong[] = {
        "00000001 49 0000000000000004 00000001", /* a number for a string */
        "00000001 00 0000000000000000",          /* no type at all */
        "00000001 ff 0000000000000000",
        "00000001 73 0000000000000000", /* a string without its NUL */
        "00000001 73 0000000000000003 |abc|",
        "00000001 73 0000000000000003 |a| 00 00", /* two NULs */
        "00000001 73 0000000000100001 |a|",       /* longer than any string */
        "00000001 73 ffffffffffffffff |a|",
        "00100000", /* 2^20 entries */
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
    WITH_PEER(steps)
    {
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

/* ---- interruption ---- */

struct interruption {
    struct periscope *p;
    struct peer *peer;
};

/* Once the peer has all of the request and does not answer. */
static void interrupt_in_silence(void *context)
{
    struct interruption *interruption = context;
    for (int i = 0; i < PEER_WAIT_MS / 10 && !atomic_load(&interruption->peer->silent); i++)
        os_sleep_ms(10);
    periscope_interrupt(interruption->p);
}

static void wait_is_interrupted(void)
{
    static const struct peer_step steps[] = {ACCEPT_1_7,
                                             {PEER_EXPECT, GETCWD},
                                             {PEER_SEND, LINUX},
                                             {PEER_EXPECT, WAIT_5("00000014")},
                                             {PEER_SILENT, NULL},
                                             ACCEPT_1_7,
                                             {PEER_EXPECT, PING},
                                             {PEER_SEND, EMPTY},
                                             {0}};
    struct periscope_exit end;
    WITH_PEER(steps)
    {
        struct interruption interruption = {p, &peer};
        os_thread_start(interrupt_in_silence, &interruption, NULL);
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
    static const struct peer_step steps[] = {{PEER_ACCEPT, NULL},
                                             {PEER_CLOSE, NULL},
                                             ACCEPT_1_7,
                                             {PEER_EXPECT, PING},
                                             {PEER_SEND, EMPTY},
                                             {PEER_EXPECT, "00000008 00000000"},
                                             {PEER_SEND, "00000001 73 000000000000000c |boot.id=old| 00"},
                                             ACCEPT_1_7,
                                             {PEER_EXPECT, PING},
                                             {PEER_SEND, EMPTY},
                                             {PEER_EXPECT, "00000008 00000000"},
                                             {PEER_SEND, "00000001 73 000000000000000c |boot.id=new| 00"},
                                             {0}};
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
    RUN(wait_is_interrupted);
    RUN(interruption_before_a_call_ends_it);
    RUN(wait_boot_goes_on_until_another_boot_answers);
    RUN(wait_boot_ends_with_the_last_reason);
    return CHECK_RESULT();
}
