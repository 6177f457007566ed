/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of what Windows tells of a session. */
#include "capture/win32/gdi_session.h"
#include "tests/unit/check.h"

static const char *state(int connection, int flags, int has_user, bool is_windows_7)
{
    return gdi_session_state(&(struct gdi_session_info){connection, flags, has_user, is_windows_7});
}

static void test_states(void)
{
    CHECK_TEXT(state(0, 1, 1, false), "active");
    CHECK_TEXT(state(4, 1, 1, false), "disconnected");
    CHECK_TEXT(state(4, 0, 0, false), "disconnected");
    CHECK_TEXT(state(0, -1, 0, false), "no-user");
    CHECK_TEXT(state(1, -1, 0, false), "no-user"); /* the logon waits */
    CHECK_TEXT(state(5, -1, 1, false), "idle");
}

static void test_the_lock_is_told_the_wrong_way_round_by_windows_7(void)
{
    CHECK_TEXT(state(0, 0, 1, false), "locked");
    CHECK_TEXT(state(0, 1, 1, true), "locked");
    CHECK_TEXT(state(0, 0, 1, true), "active");
}

static void test_what_is_not_told(void)
{
    CHECK_TEXT(state(-1, -1, -1, false), "unknown");
    CHECK_TEXT(state(-1, -1, 1, true), "unknown");
    CHECK_TEXT(state(0, -1, -1, false), "active");
    CHECK_TEXT(state(99, -1, -1, false), "unknown");
}

int main(void)
{
    RUN(test_states);
    RUN(test_the_lock_is_told_the_wrong_way_round_by_windows_7);
    RUN(test_what_is_not_told);
    return CHECK_RESULT();
}
