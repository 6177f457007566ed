/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/display.h"

#include "tests/unit/check.h"

#include <windows.h>

#define TRIES 100
#define PAUSE_MS 100

/* True when os_display_restore() had something to tell; a window that comes to the front meanwhile frees the cursor. */
static bool free_confined(struct strlist *facts)
{
    RECT corner = {10, 20, 110, 70}, clip;
    struct error err;
    CHECK(ClipCursor(&corner));
    if (!GetClipCursor(&clip) || clip.right != 110)
        return false;
    CHECK_INT(os_display_restore(facts, &err), 0);
    return facts->count > 0;
}

/* In one process: Wine tells another one's cursor nowhere. */
static void cursor_is_freed(void)
{
    struct strlist facts = {0};
    RECT clip;
    for (int i = 0; i < TRIES && !free_confined(&facts); i++)
        Sleep(PAUSE_MS);
    CHECK_INT(facts.count, 1);
    if (facts.count == 1)
        CHECK_TEXT(facts.items[0], "cursor=no longer confined to 100x50+10+20");
    CHECK(GetClipCursor(&clip) && clip.right == GetSystemMetrics(SM_CXVIRTUALSCREEN));
    strlist_deinit(&facts);
}

static void nothing_is_told_where_all_is_well(void)
{
    struct strlist facts = {0};
    struct error err;
    CHECK_INT(os_display_restore(&facts, &err), 0);
    CHECK_INT(facts.count, 0);
    strlist_deinit(&facts);
}

int main(void)
{
    RUN(cursor_is_freed);
    RUN(nothing_is_told_where_all_is_well);
    return CHECK_RESULT();
}
