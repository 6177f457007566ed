/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libperiscope against a scripted agent: the bytes of screenshots. */
#include "tests/unit/host/client.h"

#define PIECES "73 0000000000000009 |pieces=1| 00" /* the library's own option */

static void check_three_bytes(struct periscope *p)
{
    uint8_t *bytes;
    size_t len;
    CHECK_INT(periscope_screenshot(p, NULL, NULL, &bytes, &len), PERISCOPE_OK);
    CHECK_INT(len, 3);
    free(bytes);
}

static void screenshot_with_facts_and_unchanged(void)
{
    static const char *const options[] = {"format=ppm", NULL};
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, "50530001 00000001 73 000000000000000b |format=ppm| 00"},
        {PEER_SEND, "00000003 73 0000000000000007 |hash=1| 00 73 0000000000000009 |cursor=0| 00"
                    "64 0000000000000002 |P6|"},
        {PEER_EXPECT, "50530001 00000001 " PIECES},
        {PEER_SEND, "00000001 75 0000000000000000"},
        {PEER_EXPECT, "50530001 00000001 " PIECES},
        {PEER_SEND, "00000001 73 0000000000000007 |hash=1| 00"},
        {0}};
    struct periscope_strings facts;
    uint8_t *bytes;
    size_t len;
    WITH_PEER(steps)
    {
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

static void screenshot_in_pieces(void)
{
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, "50530001 00000001 " PIECES},
        {PEER_SEND, "00000006 73 0000000000000004 |a=1| 00 64 0000000000000003 |PNG| 64 0000000000000002 |xy|"
                    "73 0000000000000007 |hash=1| 00 75 0000000000000000 75 0000000000000000"},
        {PEER_EXPECT, "50530001 00000001 " PIECES},
        {PEER_SEND, "00000004 64 0000000000000003 |PNG| 65 0000000000000009 |it broke| 00 75 0000000000000000"
                    "75 0000000000000000"},
        {PEER_EXPECT, "50530001 00000001 " PIECES},
        {PEER_SEND, "00000001 64 0000000000000003 |PNG|"},
        {0}};
    struct periscope_strings facts;
    uint8_t *bytes;
    size_t len;
    WITH_PEER(steps)
    {
        CHECK_INT(periscope_screenshot(p, NULL, &facts, &bytes, &len), PERISCOPE_OK);
        CHECK(len == 5 && memcmp(bytes, "PNGxy", 5) == 0);
        CHECK_INT(facts.count, 2);
        CHECK_TEXT(periscope_strings_get(&facts, "hash"), "1");
        free(bytes);
        periscope_strings_free(&facts);
        CHECK_INT(periscope_screenshot(p, NULL, NULL, &bytes, &len), PERISCOPE_REFUSED);
        CHECK_TEXT(periscope_error_text(p), "it broke");
        CHECK(bytes == NULL && len == 0);
        check_three_bytes(p); /* on the same connection */
    }
}

static void screenshot_of_an_agent_that_knows_no_pieces(void)
{
    static const struct peer_step steps[] = {ACCEPT_1_7,
                                             {PEER_EXPECT, "50530001 00000001 " PIECES},
                                             {PEER_SEND, "00000001 65 000000000000001a |unknown option 'pieces=1'| 00"},
                                             {PEER_EXPECT, "50530001 00000000"},
                                             {PEER_SEND, "00000001 64 0000000000000003 |PNG|"},
                                             {PEER_EXPECT, "50530001 00000000"},
                                             {PEER_SEND, "00000001 65 0000000000000003 |no| 00"},
                                             {PEER_EXPECT, "50530001 00000001 73 0000000000000009 |pieces=0| 00"},
                                             {PEER_SEND, "00000001 64 0000000000000003 |PNG|"},
                                             {0}};
    static const char *const options[] = {"pieces=0", NULL};
    uint8_t *bytes;
    size_t len;
    WITH_PEER(steps)
    {
        check_three_bytes(p);
        CHECK_INT(periscope_screenshot(p, NULL, NULL, &bytes, &len), PERISCOPE_REFUSED);
        CHECK_INT(periscope_screenshot(p, options, NULL, &bytes, &len), PERISCOPE_OK);
        free(bytes);
    }
}

#define E_NO_SHOT "00000001 65 0000000000000017 |unknown RPC 1347616769| 00"
#define GET_SHOT "00000001 00000001 73 000000000000001a |.periscope/screenshot.png| 00"

static void screenshot_of_an_agent_without_the_rpc(void)
{
    static const char *const options[] = {"cursor=0", NULL};
    static const struct peer_step steps[] = {
        ACCEPT_1_7,
        {PEER_EXPECT, "50530001 00000001 " PIECES},
        {PEER_SEND, E_NO_SHOT},
        {PEER_EXPECT, GET_SHOT},
        {PEER_SEND, "00000001 64 0000000000000003 |PNG|"},
        {PEER_EXPECT, "50530001 00000001 " PIECES},
        {PEER_SEND, E_NO_SHOT},
        {PEER_EXPECT, GET_SHOT},
        {PEER_SEND, "00000001 65 000000000000003a |unable to open 'x' for reading: No such file or directory| 00"},
        {PEER_EXPECT, "50530001 00000002 73 0000000000000009 |cursor=0| 00 " PIECES},
        {PEER_SEND, E_NO_SHOT},
        {0}};
    uint8_t *bytes;
    size_t len;
    WITH_PEER(steps)
    {
        check_three_bytes(p);
        CHECK_INT(periscope_screenshot(p, NULL, NULL, &bytes, &len), PERISCOPE_UNSUPPORTED);
        CHECK_INT(periscope_screenshot(p, options, NULL, &bytes, &len), PERISCOPE_UNSUPPORTED);
    }
}

int main(void)
{
    RUN(screenshot_with_facts_and_unchanged);
    RUN(screenshot_in_pieces);
    RUN(screenshot_of_an_agent_that_knows_no_pieces);
    RUN(screenshot_of_an_agent_without_the_rpc);
    return CHECK_RESULT();
}
