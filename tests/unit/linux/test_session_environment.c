/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment of a session, in a made-up /proc where some processes never let theirs be read: opening a FIFO that
   nobody writes to waits for ever. */
#include "linux/user/session_environment.h"
#include "platform/clock.h"
#include "tests/unit/check.h"
#include "tests/unit/capture/tree.h"

#include <fcntl.h>
#include <unistd.h>

#define PATIENCE_MS 30000

static struct error err;
static char note[400];

/* Each test has a session of its own, since what was found is kept. */
static struct session_question question_of(const char *id)
{
    struct session_question question = {.has_session = true, .rights = {.user = geteuid()}};
    snprintf(question.session.id, sizeof question.session.id, "%s", id);
    snprintf(question.root, sizeof question.root, "%s", tree_root);
    return question;
}

static int look(const struct session_question *question, struct strlist *list)
{
    strlist_deinit(list);
    return session_environment(question, list, note, sizeof note, &err);
}

static void put_process(long pid, const char *environment)
{
    tree_put(tree_path("proc/%ld/environ", pid), environment, strlen(environment));
}

static void put_stuck(long pid)
{
    if (mkfifo(tree_path("proc/%ld/environ", pid), 0600) != 0)
        exit(1);
}

/* Lets go whoever waits for it. */
static void release(long pid)
{
    int fd = open(tree_path("proc/%ld/environ", pid), O_RDWR | O_NONBLOCK);
    os_sleep_ms(100);
    close(fd);
}

static void process_that_is_stuck_is_passed_over(void)
{
    struct strlist list = {0};
    tree_begin();
    struct session_question question = question_of("stuck");
    put_stuck(900001);
    put_process(900002, "DISPLAY=:7");
    put_stuck(900003);
    CHECK_INT(look(&question, &list), 0);
    CHECK_TEXT(strlist_get(&list, "DISPLAY"), ":7");
    CHECK(strstr(note, "does not let its environment be read"));
    CHECK(strstr(note, "900001") || strstr(note, "900003"));
    os_sleep_ms(600); /* process 900002 is none, so the next one looks again: it passes over the two at once */
    CHECK_INT(look(&question, &list), 0);
    CHECK_TEXT(strlist_get(&list, "DISPLAY"), ":7");
    CHECK_TEXT(note, "");
    release(900001);
    release(900003);
    strlist_deinit(&list);
}

static void wait_for_stuck_ones_is_bounded(void)
{
    struct strlist list = {0};
    tree_begin();
    struct session_question question = question_of("all stuck");
    for (long pid = 900010; pid < 900030; pid++)
        put_stuck(pid);
    int64_t start = os_clock_ms();
    CHECK_INT(look(&question, &list), ERR_TIMEOUT);
    CHECK(strstr(err.text, "the environment of user"));
    CHECK(os_clock_ms() - start < PATIENCE_MS);
    CHECK_INT(list.count, 0);
    while (look(&question, &list) != 0) /* until it has given up, before it waits for the last of them */
        os_sleep_ms(20);
    CHECK(strstr(note, "does not let its environment be read"));
    for (long pid = 900010; pid < 900030; pid++)
        release(pid);
    strlist_deinit(&list);
}

static void display_that_comes_later_is_found(void)
{
    struct strlist list = {0};
    tree_begin();
    struct session_question question = question_of("late");
    put_process(900001, "LANG=C");
    CHECK_INT(look(&question, &list), 0);
    CHECK(!strlist_get(&list, "WAYLAND_DISPLAY"));
    put_process(900002, "WAYLAND_DISPLAY=wayland-7");
    int64_t deadline = os_deadline(PATIENCE_MS);
    while (look(&question, &list) == 0 && !strlist_get(&list, "WAYLAND_DISPLAY") && os_time_left(deadline))
        os_sleep_ms(20);
    CHECK_TEXT(strlist_get(&list, "WAYLAND_DISPLAY"), "wayland-7");
    strlist_deinit(&list);
}

static void complete_one_is_read_once_while_its_process_lives(void)
{
    struct strlist list = {0};
    tree_begin();
    struct session_question question = question_of("once");
    put_process((long)getpid(), "DISPLAY=:3");
    CHECK_INT(look(&question, &list), 0);
    CHECK_TEXT(strlist_get(&list, "DISPLAY"), ":3");
    put_process((long)getpid() + 1, "DISPLAY=:4");
    tree_put_text(tree_path("proc/%ld/environ", (long)getpid()), "1");
    CHECK_INT(look(&question, &list), 0);
    CHECK_TEXT(strlist_get(&list, "DISPLAY"), ":3");
    strlist_deinit(&list);
}

static void logind_s_places_are_added(void)
{
    struct strlist list = {0};
    char folder[128], bus[160];
    tree_begin();
    struct session_question question = question_of("places");
    tree_put_text(tree_path("run/user/%lu/bus", (unsigned long)geteuid()), "");
    CHECK_INT(look(&question, &list), 0);
    snprintf(folder, sizeof folder, "/run/user/%lu", (unsigned long)geteuid());
    snprintf(bus, sizeof bus, "unix:path=%s/bus", folder);
    CHECK_TEXT(strlist_get(&list, "XDG_RUNTIME_DIR"), folder);
    CHECK_TEXT(strlist_get(&list, "DBUS_SESSION_BUS_ADDRESS"), bus);
    strlist_deinit(&list);
}

int main(void)
{
    RUN(process_that_is_stuck_is_passed_over);
    RUN(wait_for_stuck_ones_is_bounded);
    RUN(display_that_comes_later_is_found);
    RUN(complete_one_is_read_once_while_its_process_lives);
    RUN(logind_s_places_are_added);
    tree_end();
    return CHECK_RESULT();
}
