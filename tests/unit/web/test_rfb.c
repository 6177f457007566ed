/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFB's codec: handshakes of each version, keys and the pointer as actions, and the bytes of updates. */
#include "host/web/rfb/rfb.h"
#include "tests/unit/check.h"

static struct rfb rfb;

static int receive(const char *bytes, size_t len)
{
    struct error err;
    return rfb_receive(&rfb, bytes, len, &err);
}

/* Shakes hands with a viewer of a screen of 100x50. */
static void open_viewer(void)
{
    rfb_init(&rfb);
    CHECK_INT(receive("RFB 003.008\n\1\1", 14), 0);
    CHECK_INT(rfb.stage, RFB_SERVER_INIT);
    rfb_begin(&rfb, 100, 50, "vm");
    buffer_clear(&rfb.out);
}

static void check_actions(const char *want)
{
    char got[512] = "";
    for (size_t i = 0; i < rfb.hands.actions.count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", rfb.hands.actions.items[i]);
    CHECK_TEXT(got, want);
    strlist_deinit(&rfb.hands.actions);
}

static void check_out(const void *want, size_t len)
{
    CHECK_INT(rfb.out.len, len);
    CHECK(rfb.out.len == len && memcmp(rfb.out.data, want, len) == 0);
    buffer_clear(&rfb.out);
}

static void hands_are_shaken_as_each_version_does(void)
{
    static const char versions[3][13] = {"RFB 003.003\n", "RFB 003.007\n", "RFB 003.008\n"};
    static const char out[3][20] = {"RFB 003.008\n\0\0\0\1", "RFB 003.008\n\1\1", "RFB 003.008\n\1\1\0\0\0\0"};
    static const size_t lens[3] = {16, 14, 18};
    for (int i = 0; i < 3; i++) {
        rfb_init(&rfb);
        for (int at = 0; at < 12; at++)
            CHECK_INT(receive(versions[i] + at, 1), 0);
        if (i > 0)
            CHECK_INT(receive("\1", 1), 0);
        CHECK_INT(receive("\1", 1), 0);
        CHECK_INT(rfb.stage, RFB_SERVER_INIT);
        check_out(out[i], lens[i]);
        rfb_begin(&rfb, 100, 50, "vm");
        check_out("\0\144\0\62\40\30\0\1\0\377\0\377\0\377\20\10\0\0\0\0\0\0\0\2vm", 26);
        rfb_deinit(&rfb);
    }
}

static void what_is_no_viewer_is_noticed_at_its_first_bytes(void)
{
    rfb_init(&rfb);
    CHECK_INT(receive("GET", 3), ERR_PROTOCOL);
    rfb_deinit(&rfb);
    rfb_init(&rfb);
    CHECK_INT(receive("RFB 003.008\n\2", 13), ERR_PROTOCOL);
    rfb_deinit(&rfb);
}

static void keys_are_places_where_the_viewer_tells_them(void)
{
    open_viewer();
    receive("\377\0\0\1\0\0\0\141\0\0\0\36\377\0\0\0\0\0\0\0\0\0\0\310", 24); /* a, the arrow up */
    receive("\377\0\0\1\0\0\0\0\0\0\0\105\377\0\0\1\0\0\0\0\0\0\0\306", 24);  /* Num Lock, Pause */
    check_actions("key=KeyA,down key=ArrowUp,up key=NumLock,down key=Pause,down");
    rfb_deinit(&rfb);
}

static void keys_are_characters_where_it_does_not(void)
{
    open_viewer();
    receive("\4\1\0\0\0\0\0\344\4\0\0\0\0\0\0\344\4\1\0\0\1\1\366\102", 24); /* ä down and up, a smile */
    receive("\4\1\0\0\0\0\377\303\4\1\0\0\0\0\377\15", 16);                  /* F6, Enter */
    check_actions("text=ä text=🙂 key=F6,down key=Enter,down");
    receive("\4\1\0\0\0\0\377\343\4\1\0\0\0\0\0\143\4\0\0\0\0\0\377\343\4\1\0\0\0\0\0\143", 32); /* Control and c, c */
    check_actions("key=ControlLeft,down key=KeyC,down key=ControlLeft,up text=c");
    rfb_deinit(&rfb);
}

static void pointer_stays_on_the_screen(void)
{
    open_viewer();
    receive("\5\1\0\12\0\24\5\0\0\12\0\24\5\20\377\377\377\377\5\0\0\144\0\62", 24);
    check_actions("move=10,20 button=left,down button=left,up move=99,49 wheel=0,1");
    rfb_deinit(&rfb);
}

static void clipboards_are_skipped_in_any_pieces(void)
{
    open_viewer();
    receive("\6\0\0\0\0\0\0\5ab", 10);
    receive("cde\5\4\0\1\0\1", 9);
    check_actions("move=1,1 button=right,down");
    rfb_deinit(&rfb);
}

static void updates_are_owed_once_and_told_in_full(void)
{
    static const uint8_t pixels[] = {1, 2, 3, 4, 5, 6};
    open_viewer();
    CHECK(!rfb_wants_update(&rfb));
    receive("\3\1\0\0\0\0\0\144\0\62", 10);
    CHECK(rfb_wants_update(&rfb) && !rfb.everything);
    rfb_update_begin(&rfb, 100, 50, 1);
    rfb_update_rect(&rfb, &(struct rfb_rect){3, 4, 2, 1}, pixels, 6, (struct slice){0});
    rfb_update_end(&rfb);
    check_out("\0\0\0\1\0\3\0\4\0\2\0\1\0\0\0\0\3\2\1\0\6\5\4\0", 24);
    CHECK(!rfb_wants_update(&rfb));
    rfb_deinit(&rfb);
}

int main(void)
{
    RUN(hands_are_shaken_as_each_version_does);
    RUN(what_is_no_viewer_is_noticed_at_its_first_bytes);
    RUN(keys_are_places_where_the_viewer_tells_them);
    RUN(keys_are_characters_where_it_does_not);
    RUN(pointer_stays_on_the_screen);
    RUN(clipboards_are_skipped_in_any_pieces);
    RUN(updates_are_owed_once_and_told_in_full);
    return CHECK_RESULT();
}
