/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths of the gateway, states of guests, and what is new in a log. */
#include "host/web/guest_state.h"
#include "host/web/route.h"
#include "host/web/tail.h"

#include "tests/unit/check.h"

static void a_path_is_a_page_a_file_or_nothing(void)
{
    CHECK_INT(route_find("/", "").kind, ROUTE_WALL);
    CHECK_INT(route_find("/farm/", "/farm").kind, ROUTE_WALL);
    CHECK_INT(route_find("/", "/farm").kind, ROUTE_NONE);
    CHECK_INT(route_find("/farmer/", "/farm").kind, ROUTE_NONE);
    CHECK_TEXT(route_find("/guest/vm1", "").name, "vm1");
    CHECK_INT(route_find("/api/guests/vm1", "").kind, ROUTE_GUEST);
    CHECK_INT(route_find("/api/guests/vm1/screenshot.png", "").kind, ROUTE_SCREENSHOT);
    CHECK_INT(route_find("/static/a.js", "").kind, ROUTE_STATIC);
    CHECK_INT(route_find("/ws", "").kind, ROUTE_SOCKET);
    static const char *const nothing[] = {"",
                                          "/guest/",
                                          "/guest/.",
                                          "/guest/..",
                                          "/static/../x",
                                          "/static/a/b",
                                          "/static/..",
                                          "/static/a\\b",
                                          "/api/guests//file",
                                          "/api/guests/a/b/file",
                                          "/api",
                                          "//"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        CHECK_INT(route_find(nothing[i], "").kind, ROUTE_NONE);
    char long_path[400] = "/static/";
    memset(long_path + 8, 'a', 300);
    CHECK_INT(route_find(long_path, "").kind, ROUTE_NONE);
}

static void only_files_that_tell_may_be_read(void)
{
    CHECK(route_file_is_allowed(".periscope/windows.txt"));
    CHECK(route_file_is_allowed(".periscope/console-12.txt"));
    CHECK(route_file_is_allowed(".periscope/processes-4711.txt"));
    static const char *const refused[] = {"windows.txt",
                                          ".periscope/dump-1.dmp",
                                          ".periscope/../x",
                                          ".periscope/console-.txt",
                                          "/etc/passwd",
                                          ".periscope/console-1.txt/",
                                          ".periscope/",
                                          "./.periscope/log.txt",
                                          ".periscope/screenshot.png"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK(!route_file_is_allowed(refused[i]));
}

static enum guest_state state_after(const char *const *properties, bool lacked)
{
    struct periscope_strings strings = {.items = (char **)(uintptr_t)properties};
    struct strlist reasons = {0};
    while (properties[strings.count])
        strings.count++;
    enum guest_state state = guest_state_decide(&strings, lacked, &reasons);
    strlist_deinit(&reasons);
    return state;
}

static enum guest_state state_of(const char *const *properties)
{
    return state_after(properties, false);
}

static void a_screen_that_stays_without_a_window_manager_is_ready(void)
{
    const char *const bare[] = {"desktop.state=starting", "desktop.unmanaged=1", NULL};
    const char *const boots[] = {"desktop.state=starting",
                                 "desktop.reason=no window manager has :1 by _NET_SUPPORTING_WM_CHECK", NULL};
    const char *const hangs[] = {bare[0], bare[1], "gpu.0.state=hung", NULL};
    const char *const tests[] = {bare[0], bare[1], "children.running=1", NULL};
    CHECK_INT(state_after(bare, false), GUEST_BOOTING);
    CHECK_INT(state_after(bare, true), GUEST_READY);
    CHECK_INT(state_after(boots, true), GUEST_BOOTING);
    CHECK_INT(state_after(hangs, true), GUEST_STUCK);
    CHECK_INT(state_after(tests, true), GUEST_TESTING);
}

static void a_screen_that_is_used_as_it_is_waits_for_nothing(void)
{
    const char *const bare[] = {"desktop.state=starting", "desktop.unmanaged=1",
                                "desktop.reason=no window manager has :1", "gpu.error=it is odd"};
    const struct periscope_strings strings = {.items = (char **)(uintptr_t)bare, .count = 4};
    struct strlist waits = {0}, used = {0};
    CHECK_INT(guest_state_decide(&strings, false, &waits), GUEST_BOOTING);
    CHECK_INT(waits.count, 2);
    CHECK_TEXT(waits.items[0], "no window manager has :1");
    CHECK_INT(guest_state_decide(&strings, true, &used), GUEST_READY);
    CHECK_INT(used.count, 2);
    CHECK_TEXT(used.items[0], "nothing manages its windows, as on a kiosk or a bare X server");
    CHECK_TEXT(used.items[1], "it is odd");
    strlist_deinit(&waits);
    strlist_deinit(&used);
}

static void the_worst_that_a_guest_tells_is_its_state(void)
{
    CHECK_INT(state_of((const char *[]){"desktop.state=ready", "children.running=0", NULL}), GUEST_READY);
    CHECK_INT(state_of((const char *[]){"desktop.state=ready", "children.running=2", NULL}), GUEST_TESTING);
    CHECK_INT(state_of((const char *[]){"desktop.state=shutting-down", "children.running=2", NULL}),
              GUEST_SHUTTING_DOWN);
    CHECK_INT(state_of((const char *[]){"desktop.state=ready", "gpu.0.state=ok", "gpu.1.state=lost", NULL}),
              GUEST_GPU_LOST);
    CHECK_INT(state_of((const char *[]){"desktop.state=ready", "gpu.0.state=hung", NULL}), GUEST_STUCK);
    CHECK_INT(state_of((const char *[]){"desktop.state=locked", NULL}), GUEST_LOCKED);
    CHECK_INT(state_of((const char *[]){"desktop.state=nonsense", NULL}), GUEST_UNKNOWN);
    CHECK_INT(guest_state_of_failure(PERISCOPE_NO_AGENT,
                                     "vm: closed the connection without a banner (is this host allowed?)"),
              GUEST_REFUSED);
    CHECK_INT(guest_state_of_failure(PERISCOPE_NO_AGENT, "could not connect"), GUEST_OFF);
    CHECK_INT(guest_state_of_failure(PERISCOPE_TIMED_OUT, "timed out"), GUEST_STUCK);
}

static size_t new_part(const char *before, const char *now)
{
    return tail_new_part((const uint8_t *)before, strlen(before), (const uint8_t *)now, strlen(now));
}

static void what_is_new_in_a_log_begins_behind_what_was_there(void)
{
    CHECK_INT(new_part("", "abc"), 0);
    CHECK_INT(new_part("abc", "abcdef"), 3);
    CHECK_INT(new_part("abc", "abc"), 3);
    CHECK_INT(new_part("first\nsecond\n", "(6 bytes are gone)\nsecond\nthird\n"), 0);
    char before[2000], now[2000];
    for (size_t i = 0; i < sizeof before; i++)
        before[i] = (char)('a' + i * i % 23);
    memcpy(now, before + 500, 1500);
    memset(now + 1500, 'z', 500);
    CHECK_INT(tail_new_part((uint8_t *)before, sizeof before, (uint8_t *)now, sizeof now), 1500);
}

int main(void)
{
    RUN(a_path_is_a_page_a_file_or_nothing);
    RUN(only_files_that_tell_may_be_read);
    RUN(a_screen_that_stays_without_a_window_manager_is_ready);
    RUN(a_screen_that_is_used_as_it_is_waits_for_nothing);
    RUN(the_worst_that_a_guest_tells_is_its_state);
    RUN(what_is_new_in_a_log_begins_behind_what_was_there);
    return CHECK_RESULT();
}
