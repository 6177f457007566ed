/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is logged on at the screen, in a made-up tree of /run, /sys and /proc. */
#include "linux/user/login.h"
#include "tests/unit/check.h"
#include "tests/unit/capture/tree.h"

#include <sys/socket.h>
#include <sys/un.h>
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

/* ---- sessions as they are met; the user is the one who runs this ---- */

static struct strlist found;

#define ENVIRON(pid, text) process(pid, geteuid(), 0, text, sizeof text)

static void group(int pid, const char *name)
{
    char text[200];
    snprintf(text, sizeof text, "1:name=systemd:/\n0::/%s\n", name);
    tree_put_text(tree_path("proc/%d/cgroup", pid), text);
}

/* A file for a socket, and whether somebody listens there. */
static void put_socket(bool listens, const char *path)
{
    char line[300];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", tree_path("%s", path));
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    close(fd);
    snprintf(line, sizeof line, "0000000000000000: 00000002 00000000 %08x 0001 01 12345 %s\n", listens ? 0x10000 : 0,
             address.sun_path);
    tree_put_text(tree_path("proc/net/unix"), line);
}

static const char *runtime(const char *name)
{
    static char path[100];
    snprintf(path, sizeof path, "run/user/%lu/%s", (unsigned long)geteuid(), name);
    return path;
}

static void begin_session(void)
{
    tree_begin();
    tree_put_text(tree_path("proc/net/unix"), "Num       RefCount Protocol Flags    Type St Inode Path\n");
}

/* What a program of session 2 of the user's gets. */
static const char *get(const char *name)
{
    struct login second = {.id = "2", .seat = "seat0", .terminal = "tty2"};
    strlist_deinit(&found);
    environment_of(&second, geteuid(), NULL, &found);
    return strlist_get(&found, name);
}

#define GETS(name, value) CHECK_TEXT(get(name), value)
#define GETS_NO(name) CHECK(!get(name))

static void gnome_tells_its_display_without_an_id(void)
{
    begin_session();
    ENVIRON(900001,
            "XDG_SESSION_ID=2\0XDG_SESSION_TYPE=wayland\0XDG_RUNTIME_DIR=/run/user/9\0XDG_SEAT=seat0\0XDG_VTNR=2\0"
            "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/9/bus\0XDG_CURRENT_DESKTOP=GNOME\0GDMSESSION=gnome");
    ENVIRON(900002,
            "XDG_RUNTIME_DIR=/run/user/9\0DISPLAY=:0\0WAYLAND_DISPLAY=wayland-0\0XAUTHORITY=/run/user/9/.mutter");
    GETS("DISPLAY", ":0");
    GETS("WAYLAND_DISPLAY", "wayland-0");
    GETS("XAUTHORITY", "/run/user/9/.mutter");
    GETS("XDG_SESSION_ID", "2");
    GETS("XDG_CURRENT_DESKTOP", "GNOME");
    GETS("XDG_SESSION_TYPE", "wayland");
}

static void another_session_tells_nothing(void)
{
    begin_session();
    ENVIRON(900001, "XDG_SESSION_ID=5\0DISPLAY=localhost:10.0\0XDG_RUNTIME_DIR=/run/user/9\0LANG=C\0XAUTHORITY=/x");
    GETS_NO("DISPLAY");
    GETS_NO("LANG");
    ENVIRON(900002, "DISPLAY=:7"); /* by its control group it is one of session 5, by no word of its own */
    group(900002, "user.slice/user-9.slice/session-5.scope");
    GETS_NO("DISPLAY");
    ENVIRON(900003, "XDG_SESSION_ID=5\0DISPLAY=:8\0WAYLAND_DISPLAY=wayland-1"); /* a forged or an old id */
    group(900003, "user.slice/user-9.slice/session-2.scope");
    GETS("DISPLAY", ":8");
    GETS("XDG_SESSION_ID", "2");
    GETS("XDG_VTNR", "2");
}

static void session_21_is_not_session_2(void)
{
    begin_session();
    ENVIRON(900001, "DISPLAY=:1");
    group(900001, "user.slice/user-9.slice/session-21.scope");
    ENVIRON(900002, "XDG_SESSION_ID=21\0DISPLAY=:2");
    GETS_NO("DISPLAY");
}

static void manager_that_knows_an_earlier_id_is_the_last_choice(void)
{
    begin_session();
    ENVIRON(900001, "XDG_SESSION_ID=1\0DISPLAY=:1\0WAYLAND_DISPLAY=wayland-1\0LANG=C");
    group(900001, "user.slice/user-9.slice/user@9.service/app.slice/x.service");
    GETS("DISPLAY", ":1");
    ENVIRON(900002, "DISPLAY=:2");
    GETS("DISPLAY", ":2");
    GETS_NO("WAYLAND_DISPLAY");
}

static void agents_own_programs_tell_nothing(void)
{
    begin_session();
    tree_put_text(tree_path("proc/self/cgroup"), "1:name=systemd:/\n0::/system.slice/periscoped.service\n");
    ENVIRON(900001, "XDG_SESSION_ID=2\0DISPLAY=:99\0WAYLAND_DISPLAY=wayland-0\0XAUTHORITY=/tmp/xvfb-run");
    group(900001, "system.slice/periscoped.service");
    ENVIRON(900002, "DISPLAY=:0");
    GETS("DISPLAY", ":0");
    GETS_NO("XAUTHORITY");
}

/* A program in an X session, with a compositor without a screen as a service of the user's. */
static void display_of_another_kind_is_not_mixed_in(void)
{
    begin_session();
    ENVIRON(900001, "XDG_SESSION_ID=2\0DISPLAY=:0");
    ENVIRON(900002, "WAYLAND_DISPLAY=wayland-3\0SWAYSOCK=/x");
    GETS("DISPLAY", ":0");
    GETS_NO("WAYLAND_DISPLAY");
    GETS_NO("SWAYSOCK");
    ENVIRON(900003, "DISPLAY=:0\0XAUTHORITY=/right\0I3SOCK=/i3");
    ENVIRON(900004, "DISPLAY=:9\0XAUTHORITY=/wrong\0LANG=C\0XDG_SEAT=seat0\0XDG_VTNR=2");
    GETS("DISPLAY", ":0");
    CHECK(!strlist_get(&found, "XAUTHORITY") || strcmp(strlist_get(&found, "XAUTHORITY"), "/wrong") != 0);
}

static void display_whose_socket_is_gone_is_passed_over(void)
{
    begin_session();
    put_socket(true, "tmp/.X11-unix/X0");
    put_socket(true, runtime("wayland-1"));
    ENVIRON(900001, "XDG_SESSION_ID=2\0DISPLAY=:5\0XAUTHORITY=/old\0WAYLAND_DISPLAY=wayland-7\0LANG=C\0XDG_SEAT=seat0");
    ENVIRON(900002, "DISPLAY=:0.0\0WAYLAND_DISPLAY=wayland-1");
    GETS("DISPLAY", ":0.0");
    GETS("WAYLAND_DISPLAY", "wayland-1");
    GETS_NO("XAUTHORITY");
    ENVIRON(900003, "XDG_SESSION_ID=2\0DISPLAY=:0\0WAYLAND_DISPLAY=wayland-6"); /* an X session after a Wayland one */
    GETS("DISPLAY", ":0");
    GETS_NO("WAYLAND_DISPLAY");
}

static void compositor_alone_is_told_by_its_sockets(void)
{
    char bus[120];
    begin_session();
    put_socket(true, runtime("bus"));
    snprintf(bus, sizeof bus, "unix:path=/%s", runtime("bus"));
    ENVIRON(900001, "XDG_SESSION_ID=2\0LANG=C");
    put_socket(false, runtime("wayland-0")); /* left by one that crashed */
    GETS_NO("WAYLAND_DISPLAY");
    put_socket(true, runtime("wayland-12"));
    put_socket(true, runtime("wayland-2"));
    put_socket(true, runtime("wayland-2x"));
    put_socket(true, runtime("sway-ipc.0.900001.sock"));
    put_socket(true, runtime("niri.wayland-2.77.sock"));
    put_socket(true, runtime("hypr/a1_b2/.socket.sock"));
    put_socket(true, runtime("hypr/a1_b2/.socket2.sock"));
    GETS("WAYLAND_DISPLAY", "wayland-2");
    GETS("DBUS_SESSION_BUS_ADDRESS", bus);
    CHECK(strstr(get("SWAYSOCK"), "/sway-ipc.0.900001.sock"));
    CHECK(strncmp(get("SWAYSOCK"), "/run/user/", 10) == 0);
    CHECK_TEXT(get("I3SOCK"), strlist_get(&found, "SWAYSOCK"));
    CHECK(strstr(get("NIRI_SOCKET"), "/niri.wayland-2.77.sock"));
    GETS("HYPRLAND_INSTANCE_SIGNATURE", "a1_b2");
    GETS_NO("DISPLAY");
    ENVIRON(900005, "WAYLAND_DISPLAY=wayland-5"); /* what is gone is not preferred to what listens */
    GETS("WAYLAND_DISPLAY", "wayland-2");
}

static void x_display_of_a_compositor_is_told_by_its_lock(void)
{
    static const struct {
        const char *name;
        bool counts;
    } cases[] = {{"sway\n", true}, {"Xwayland\n", true}, {"Xvfb\n", false}, {"Xorg\n", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin_session();
        ENVIRON(900001, "LANG=C");
        put_socket(true, runtime("wayland-0"));
        put_socket(true, "tmp/.X11-unix/X3");
        GETS_NO("DISPLAY");
        tree_put_text(tree_path("tmp/.X3-lock"), "    900001\n");
        tree_put_text(tree_path("proc/900001/comm"), cases[i].name);
        CHECK(cases[i].counts == (get("DISPLAY") && strcmp(get("DISPLAY"), ":3") == 0));
    }
}

/* sway starts its wallpaper before it has a display for programs of X, and nothing else by itself. */
static void sockets_complete_what_a_process_tells(void)
{
    begin_session();
    ENVIRON(900001, "XDG_SESSION_ID=2\0LANG=C");
    put_socket(true, runtime("wayland-1"));
    put_socket(true, runtime("sway-ipc.0.900001.sock"));
    put_socket(true, "tmp/.X11-unix/X3");
    tree_put_text(tree_path("tmp/.X3-lock"), "    900001\n");
    tree_put_text(tree_path("proc/900001/comm"), "sway\n");
    ENVIRON(900002, "XDG_SESSION_ID=2\0WAYLAND_DISPLAY=wayland-1\0SWAYSOCK=/its/own");
    GETS("DISPLAY", ":3");
    GETS("WAYLAND_DISPLAY", "wayland-1");
    GETS("SWAYSOCK", "/its/own");
    CHECK(get("I3SOCK") != NULL);
    put_socket(true, runtime("wayland-0")); /* another compositor, whose display it may be */
    GETS_NO("DISPLAY");
    GETS("WAYLAND_DISPLAY", "wayland-1");
}

static void sockets_of_others_are_not_the_users(void)
{
    if (geteuid() != 0) {
        SKIP("only root can give a file away");
        return;
    }
    begin_session();
    struct login second = {.id = "2"};
    put_socket(true, "run/user/4711/wayland-0");
    strlist_deinit(&found);
    environment_of(&second, USER, NULL, &found); /* the folder is root's */
    CHECK(!strlist_get(&found, "WAYLAND_DISPLAY"));
    CHECK(chown(tree_path("run/user/4711"), USER, USER) == 0);
    CHECK(chown(tree_path("run/user/4711/wayland-0"), USER + 1, USER) == 0);
    strlist_deinit(&found);
    environment_of(&second, USER, NULL, &found);
    CHECK(!strlist_get(&found, "WAYLAND_DISPLAY"));
    CHECK(chown(tree_path("run/user/4711/wayland-0"), USER, USER) == 0);
    strlist_deinit(&found);
    environment_of(&second, USER, NULL, &found);
    CHECK_TEXT(strlist_get(&found, "WAYLAND_DISPLAY"), "wayland-0");
    CHECK(chmod(tree_path("run/user/4711"), 0777) == 0); /* anybody could have put it there */
    strlist_deinit(&found);
    environment_of(&second, USER, NULL, &found);
    CHECK(!strlist_get(&found, "WAYLAND_DISPLAY"));
}

int main(void)
{
    RUN(session_of_the_seat_that_is_active);
    RUN(seat_without_a_user);
    RUN(without_logind_the_active_terminal_tells);
    RUN(environment_is_that_of_the_one_who_knows_most);
    RUN(gnome_tells_its_display_without_an_id);
    RUN(another_session_tells_nothing);
    RUN(session_21_is_not_session_2);
    RUN(manager_that_knows_an_earlier_id_is_the_last_choice);
    RUN(agents_own_programs_tell_nothing);
    RUN(display_of_another_kind_is_not_mixed_in);
    RUN(display_whose_socket_is_gone_is_passed_over);
    RUN(compositor_alone_is_told_by_its_sockets);
    RUN(x_display_of_a_compositor_is_told_by_its_lock);
    RUN(sockets_complete_what_a_process_tells);
    RUN(sockets_of_others_are_not_the_users);
    strlist_deinit(&found);
    tree_end();
    return CHECK_RESULT();
}
