/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is logged on at the screen, in a made-up tree of /run, /sys and /proc. */
#include "linux/login.h"
#include "tests/unit/check.h"
#include "tests/unit/capture/tree.h"

#include <unistd.h>

#define USER 4711

static struct login login;
static struct error err;

static void seat(const char *active)
{
    char text[200];
    snprintf(text, sizeof text, "# This is private data. Do not parse.\nIS_SEAT0=1\nCAN_MULTI_SESSION=1\n%s", active);
    tree_put_text(tree_path("run/systemd/seats/seat0"), text);
}

static void session(const char *id, const char *text)
{
    tree_put_text(tree_path("run/systemd/sessions/%s", id), text);
}

/* A process with these bytes as its environment (NUL after each variable) and this device as its terminal. */
static void process(int pid, unsigned user, unsigned device, const char *environment, size_t len)
{
    char text[200];
    snprintf(text, sizeof text, "%d (a b) c) S 1 2 3 %u 5 6\n", pid, device);
    tree_put_text(tree_path("proc/%d/stat", pid), text);
    tree_put(tree_path("proc/%d/environ", pid), environment, len);
    CHECK(chown(tree_path("proc/%d", pid), user, user) == 0);
}

static void refused(const char *why)
{
    CHECK_INT(login_find(&login, tree_root, &err), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, why);
}

static void session_of_the_seat_that_is_active(void)
{
    tree_begin();
    seat("ACTIVE=c3\nACTIVE_UID=4711\nSESSIONS=2 c3\n");
    session("2", "UID=99\nCLASS=user\nSTATE=online\n");
    session("c3", "UID=4711\nUSER=alice\nACTIVE=1\nSTATE=active\nCLASS=user\nTTY=tty7\nDISPLAY=:0\n");
    CHECK_INT(login_find(&login, tree_root, &err), 0);
    CHECK_INT(login.user, USER);
    CHECK_TEXT(login.id, "c3");
    CHECK_TEXT(login.display, ":0");
    CHECK_TEXT(login.terminal, "tty7");
}

static void seat_without_a_user(void)
{
    static const struct {
        const char *active, *session, *why;
    } cases[] = {
        {"", NULL, "nobody is logged on: seat0 has no active session"},
        {"ACTIVE=c1\n", NULL, "nobody is logged on: session c1 of seat0 has gone"},
        {"ACTIVE=c1\n", "UID=110\nCLASS=greeter\nSTATE=active\n", "nobody is logged on: a greeter has seat0"},
        {"ACTIVE=c1\n", "UID=110\nCLASS=user\nSTATE=closing\n", "nobody is logged on: session c1 of seat0 is closing"},
        {"ACTIVE=c1\n", "UID=x1\nCLASS=user\nSTATE=active\n", "session c1 of seat0 does not say whose it is"},
        {"ACTIVE=../../etc/passwd\n", NULL, "nobody is logged on: seat0 has no active session"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tree_begin();
        seat(cases[i].active);
        if (cases[i].session)
            session("c1", cases[i].session);
        refused(cases[i].why);
    }
}

static void without_logind_the_active_terminal_tells(void)
{
    if (geteuid() != 0) {
        SKIP("only root can give a file away");
        return;
    }
    tree_begin();
    refused("nobody is logged on: there is no logind and no virtual terminal");
    tree_put_text(tree_path("sys/class/tty/tty0/active"), "tty3\n");
    refused("nobody but root is logged on at tty3, the active virtual terminal");
    process(900001, 0, 0x403, "A=1", 4);
    process(900002, USER + 1, 0x402, "A=1", 4);
    process(900003, USER + 2, 0x8803, "A=1", 4);
    refused("nobody but root is logged on at tty3, the active virtual terminal");
    process(900004, USER, 0x403, "A=1", 4);
    CHECK_INT(login_find(&login, tree_root, &err), 0);
    CHECK_INT(login.user, USER);
    CHECK_TEXT(login.terminal, "tty3");
}

static bool may_read_any(void *context, long pid)
{
    long *passed_over = context;
    return !passed_over || pid != *passed_over;
}

static long environment_of(const struct login *of, unsigned user, long *passed_over, struct strlist *out)
{
    const struct login_search search = {of, user, tree_root, may_read_any, passed_over};
    return login_environment(&search, out);
}

static void environment_is_that_of_the_one_who_knows_most(void)
{
    static const char poor[] = "DISPLAY=:9\0SECRET=1", rich[] = "DISPLAY=:1\0XAUTHORITY=/run/a b\0LD_PRELOAD=x\0",
                      other[] = "XDG_SESSION_ID=7\0WAYLAND_DISPLAY=wayland-0\0", unended[] = "DISPLAY=:5";
    struct login seventh = {.id = "7"};
    struct strlist list = {0};
    long passed_over = 900002;
    if (geteuid() != 0) {
        SKIP("only root can give a file away");
        return;
    }
    tree_begin();
    CHECK_INT(environment_of(NULL, USER, NULL, &list), 0);
    CHECK_INT(list.count, 0);
    process(900001, USER, 0, poor, sizeof poor);
    process(900002, USER, 0, rich, sizeof rich);
    process(900003, USER, 0, other, sizeof other);
    process(900004, USER + 1, 0, unended, sizeof unended - 1);
    CHECK_INT(environment_of(NULL, USER, NULL, &list), 900002);
    CHECK_INT(list.count, 2);
    CHECK_TEXT(strlist_get(&list, "DISPLAY"), ":1");
    CHECK_TEXT(strlist_get(&list, "XAUTHORITY"), "/run/a b");
    strlist_deinit(&list);
    CHECK_INT(environment_of(&seventh, USER, NULL, &list), 900003);
    CHECK_TEXT(strlist_get(&list, "WAYLAND_DISPLAY"), "wayland-0");
    CHECK(!strlist_get(&list, "DISPLAY"));
    strlist_deinit(&list);
    CHECK_INT(environment_of(NULL, USER + 1, NULL, &list), 900004);
    CHECK_TEXT(strlist_get(&list, "DISPLAY"), ":5");
    strlist_deinit(&list);
    CHECK(environment_of(NULL, USER, &passed_over, &list) != passed_over);
    CHECK(!strlist_get(&list, "XAUTHORITY"));
    strlist_deinit(&list);
}

int main(void)
{
    RUN(session_of_the_seat_that_is_active);
    RUN(seat_without_a_user);
    RUN(without_logind_the_active_terminal_tells);
    RUN(environment_is_that_of_the_one_who_knows_most);
    tree_end();
    return CHECK_RESULT();
}
