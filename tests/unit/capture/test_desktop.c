/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of the desktop that follows from what was found: the table of docs/protocol.md, written out. */
#include "capture/desktop.h"
#include "tests/unit/check.h"

static struct desktop_scene scene;
static struct strlist reasons;

static const char *decide(void)
{
    strlist_deinit(&reasons);
    return desktop_state_name(desktop_decide(&scene, &reasons));
}

static void managed(void)
{
    scene = (struct desktop_scene){.manager = "fvwm has :0", .expected = "session 2 has seat0"};
}

static void set(char *text)
{
    strcpy(text, "because");
}

static void names_are_those_of_the_protocol(void)
{
    static const char *const names[] = {"none",   "greeter", "starting", "ready",
                                        "locked", "asleep",  "updating", "shutting-down"};
    for (int i = 0; i < DESKTOP_STATE_COUNT; i++) {
        CHECK_TEXT(desktop_state_name((enum desktop_state)i), names[i]);
        CHECK_INT(desktop_state_find(names[i]), i);
    }
    CHECK_INT(desktop_state_find("Ready"), DESKTOP_STATE_COUNT);
    CHECK_INT(desktop_state_find(""), DESKTOP_STATE_COUNT);
}

static void a_screen_that_somebody_has_is_ready(void)
{
    managed();
    CHECK_TEXT(decide(), "ready");
    CHECK_INT(reasons.count, 2);
    CHECK_TEXT(reasons.items[0], "fvwm has :0");
    CHECK_TEXT(reasons.items[1], "session 2 has seat0");
}

static void each_thing_that_lacks_makes_another_state(void)
{
    static const struct {
        char *text;
        const char *state;
    } cases[] = {
        {scene.ending, "shutting-down"}, {scene.updating, "updating"},  {scene.greeter, "greeter"},
        {scene.booting, "starting"},     {scene.unmanaged, "starting"}, {scene.locked, "locked"},
        {scene.asleep, "asleep"},        {scene.unsettled, "starting"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        managed();
        set(cases[i].text);
        CHECK_TEXT(decide(), cases[i].state);
        CHECK_TEXT(reasons.items[0], "because");
    }
}

static void a_screen_is_bare_where_nothing_comes_before_that(void)
{
    managed();
    set(scene.unmanaged);
    CHECK(!desktop_is_bare(&scene));
    scene.is_bare = true;
    CHECK(desktop_is_bare(&scene));
    set(scene.locked);
    CHECK(desktop_is_bare(&scene));
    set(scene.booting);
    CHECK(!desktop_is_bare(&scene));
}

static void without_a_screen_it_counts_whether_one_is_to_come(void)
{
    scene = (struct desktop_scene){.no_screen = "because"};
    CHECK_TEXT(decide(), "none");
    scene = (struct desktop_scene){.no_screen = "because", .expected = "session 2 has seat0"};
    CHECK_TEXT(decide(), "starting");
    scene = (struct desktop_scene){.no_screen = "because", .booting = "it boots"};
    CHECK_TEXT(decide(), "starting");
    CHECK_INT(reasons.count, 2);
    scene = (struct desktop_scene){.no_screen = "because", .greeter = "the log-on screen c1"};
    CHECK_TEXT(decide(), "starting");
}

static void the_end_of_the_system_comes_before_all_else(void)
{
    memset(&scene, 0, sizeof scene);
    set(scene.ending);
    set(scene.updating);
    set(scene.locked);
    set(scene.no_screen);
    CHECK_TEXT(decide(), "shutting-down");
    *scene.ending = '\0';
    CHECK_TEXT(decide(), "updating");
    managed();
    set(scene.locked);
    strcpy(scene.asleep, "each display is asleep");
    CHECK_TEXT(decide(), "locked");
    CHECK_TEXT(reasons.items[1], "each display is asleep");
}

int main(void)
{
    RUN(names_are_those_of_the_protocol);
    RUN(a_screen_that_somebody_has_is_ready);
    RUN(each_thing_that_lacks_makes_another_state);
    RUN(a_screen_is_bare_where_nothing_comes_before_that);
    RUN(without_a_screen_it_counts_whether_one_is_to_come);
    RUN(the_end_of_the_system_comes_before_all_else);
    strlist_deinit(&reasons);
    return CHECK_RESULT();
}
