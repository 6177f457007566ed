/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of a picture's source. */
#include "capture/candidates.h"
#include "tests/unit/check.h"

#include <stdio.h>

static struct capture_candidates list;
static struct strlist facts;

/* The warnings where the second of these two is taken, joined by commas. */
static const char *warnings(const char *display, bool first_is_display, bool second_is_display)
{
    static char text[512];
    candidates_clear(&list);
    strlist_deinit(&facts);
    list.count = 2;
    list.items[0] = (struct capture_candidate){"x11", ":7", "it is the first", 0, true, false, first_is_display};
    list.items[1] = (struct capture_candidate){"drm", "card0", "it is lit", 1, true, false, second_is_display};
    snprintf(list.display, sizeof list.display, "%s", display);
    candidates_add_facts(&list, &list.items[1], &facts);
    text[0] = 0;
    for (size_t i = 0; i < facts.count; i++)
        if (strncmp(facts.items[i], "warning=", 8) == 0)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", text[0] ? ", " : "", facts.items[i] + 8);
    return text;
}

#define OTHER "this is not the screen of DISPLAY=:7"
#define SECOND "this is not the first choice, which can't be read: it is the first"

static void another_screen_than_that_of_display_is_a_warning(void)
{
    CHECK_TEXT(warnings(":7", true, false), OTHER); /* which says enough of a first choice that is DISPLAY's */
    CHECK_TEXT(warnings(":7", false, false), OTHER ", " SECOND);
    CHECK_TEXT(warnings(":7", false, true), SECOND);
    CHECK_TEXT(warnings("", true, false), SECOND);
}

int main(void)
{
    RUN(another_screen_than_that_of_display_is_a_warning);
    candidates_clear(&list);
    strlist_deinit(&facts);
    return CHECK_RESULT();
}
