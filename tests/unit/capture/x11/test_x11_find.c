/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding X servers in a made-up tree of /proc, /tmp, /run and /sys. */
#include "capture/x11/find.h"
#include "tests/unit/check.h"
#include "tests/unit/capture/tree.h"

static struct x11_servers servers;
static struct strlist refused;

static void forget(void)
{
    x11_servers_deinit(&servers);
    strlist_deinit(&refused);
}

static void begin(void)
{
    forget();
    tree_begin();
    tree_put_text(tree_path("proc/net/unix"), "Num       RefCount Protocol Flags    Type St Inode Path\n");
}

static void ids(int pid, int real, int effective)
{
    char text[160];
    snprintf(text, sizeof text, "Name:\tX\nUid:\t%d\t%d\t%d\t%d\nGid:\t%d\t%d\t%d\t%d\n", real, effective, effective,
             effective, real, effective, effective, effective);
    remove(tree_path("proc/%d/status", pid)); /* what is put is appended */
    tree_put_text(tree_path("proc/%d/status", pid), text);
}

/* One of root's. Arguments are separated by one space each. */
static void process(int pid, const char *name, char state, const char *arguments)
{
    char text[512];
    snprintf(text, sizeof text, "%d (%s) %c 1 1 1 0 -1 4194560 0", pid, name, state);
    tree_put_text(tree_path("proc/%d/stat", pid), text);
    snprintf(text, sizeof text, "%s", arguments);
    for (char *c = text; *c; c++)
        if (*c == ' ')
            *c = 0;
    tree_put(tree_path("proc/%d/cmdline", pid), text, strlen(arguments) + 1);
    ids(pid, 0, 0);
}

static void listening(int inode, const char *path)
{
    char text[256];
    snprintf(text, sizeof text, "00000000a2cc3d5f: 00000002 00000000 00010000 0001 01 %d %s\n", inode, path);
    tree_put_text(tree_path("proc/net/unix"), text);
}

static void find(const char *display)
{
    forget();
    x11_servers_find(&servers, tree_root, display, &refused);
}

static const char *label(size_t i)
{
    static char text[64];
    text[0] = 0;
    if (i < servers.count)
        x11_server_label(&servers.items[i], text, sizeof text);
    return text;
}

static const char *reason(size_t i)
{
    return i < refused.count ? refused.items[i] : "";
}

static void nothing_runs(void)
{
    begin();
    process(1, "systemd", 'S', "/sbin/init");
    find(NULL);
    CHECK_INT(servers.count, 0);
    CHECK_INT(refused.count, 0);
}

static void arguments_are_read(void)
{
    begin();
    process(41, "Xvfb", 'S', "Xvfb :5 -screen 0 640x480x24 -auth /run/five.auth");
    process(42, "Xorg", 'S', "/usr/lib/xorg/Xorg vt7 -auth .Xauth");
    find(NULL);
    CHECK_INT(servers.count, 2);
    CHECK_TEXT(label(0), ":0 (Xorg, process 42)");
    CHECK_INT(servers.items[0].vt, 7);
    CHECK_TEXT(servers.items[0].authority, "/proc/42/cwd/.Xauth");
    CHECK_TEXT(label(1), ":5 (Xvfb, process 41)");
    CHECK_TEXT(servers.items[1].authority, "/run/five.auth");
    CHECK_INT(servers.items[1].uid, getuid());
    CHECK_INT(servers.items[1].screen, 0);
}

static void processes_that_are_no_servers_are_left(void)
{
    begin();
    process(41, "Xsession", 'S', "/bin/sh /etc/X11/Xsession :3");
    process(42, "xterm", 'S', "xterm :4");
    process(43, "Xvfb", 'Z', "Xvfb :5"); /* ended, not yet reaped */
    process(44, "X) S (y", 'S', "odd :6");
    find(NULL);
    CHECK_INT(servers.count, 0);
    CHECK_INT(refused.count, 0);
}

static void number_is_found_through_the_sockets(void)
{
    begin();
    process(812, "Xorg", 'S', "Xorg vt2 -displayfd 3 -auth /run/user/1000/gdm/Xauthority");
    listening(501, "/tmp/.X11-unix/X1");
    listening(502, "@/tmp/.X11-unix/X1");
    tree_path("proc/812/fd/0");
    tree_link(tree_path("proc/812/fd/0"), "/dev/null");
    tree_link(tree_path("proc/812/fd/3"), "socket:[499]");
    tree_link(tree_path("proc/812/fd/4"), "socket:[502]");
    find(NULL);
    CHECK_INT(servers.count, 1);
    CHECK_TEXT(label(0), ":1 (Xorg, process 812)");
    CHECK_INT(refused.count, 0);
}

static void number_is_found_through_the_lock(void)
{
    begin();
    process(77, "Xvnc", 'S', "Xvnc -geometry 800x600");
    listening(501, "/tmp/.X11-unix/X4");
    tree_put_text(tree_path("tmp/.X4-lock"), "        77\n");
    find(NULL);
    CHECK_TEXT(label(0), ":4 (Xvnc, process 77)");
}

static void number_that_cant_be_told_is_a_refusal(void)
{
    begin();
    process(812, "Xorg", 'S', "Xorg vt2 -displayfd 3");
    process(813, "Xvfb", 'S', "Xvfb :9");
    find(NULL);
    CHECK_INT(servers.count, 1);
    CHECK_TEXT(label(0), ":9 (Xvfb, process 813)");
    CHECK_TEXT(reason(0), "Xorg (process 812): which display it has can't be told");
}

/* Another user's, whose files can't be read; whether the display is really its own is seen when connecting. */
static void display_may_be_of_a_server_whose_number_cant_be_told(void)
{
    begin();
    process(812, "Xorg", 'S', "Xorg vt2 -displayfd 3 -auth /run/gdm");
    process(813, "Xvfb", 'S', "Xvfb :9");
    find(":1");
    CHECK_INT(servers.count, 2);
    CHECK_TEXT(label(0), ":1 (Xorg, process 812)");
    CHECK_INT(refused.count, 0);
    find(":9");
    CHECK_INT(servers.count, 1);
    CHECK_INT(refused.count, 1);
}

static void display_comes_first_with_its_screen(void)
{
    begin();
    process(10, "Xorg", 'S', "Xorg :0");
    process(11, "Xvfb", 'S', "Xvfb :99");
    find(":99.1");
    CHECK_TEXT(label(0), ":99 (Xvfb, process 11)");
    CHECK_INT(servers.items[0].screen, 1);
    CHECK(servers.items[0].chosen && !servers.items[1].chosen);
    find("unix:99");
    CHECK_TEXT(label(0), ":99 (Xvfb, process 11)");
    find("");
    CHECK_TEXT(label(0), ":0 (Xorg, process 10)");
}

static void display_of_another_machine_is_refused(void)
{
    begin();
    process(10, "Xvfb", 'S', "Xvfb :7");
    const char *displays[] = {"otherhost:0", "localhost:10.0", "nonsense", ":", ":x", ":0.", ":99999", ":1.-1"};
    for (size_t i = 0; i < sizeof displays / sizeof displays[0]; i++) {
        char text[64];
        find(displays[i]);
        snprintf(text, sizeof text, "DISPLAY=%s: not a display of this machine", displays[i]);
        CHECK_TEXT(reason(0), text);
        CHECK_INT(servers.count, 1);
    }
}

/* A socket handed into a container: its server's process can't be seen. */
static void display_without_a_process_is_tried(void)
{
    begin();
    listening(501, "/tmp/.X11-unix/X0");
    find(":0");
    CHECK_INT(servers.count, 1);
    CHECK_TEXT(label(0), ":0");
    CHECK_INT(servers.items[0].pid, 0);
    CHECK_INT(refused.count, 0);
}

static void server_that_would_be_started_is_not_tried(void)
{
    const char *why = ":0: no X server runs; gnome-shell (process 70) would start one for us";
    begin();
    process(70, "gnome-shell", 'S', "/usr/bin/gnome-shell");
    tree_put_text(tree_path("tmp/.X0-lock"), "        70\n");
    find(":0");
    CHECK_INT(servers.count, 0);
    CHECK_TEXT(reason(0), why);
    listening(501, "@/tmp/.X11-unix/X0");
    listening(502, "/tmp/.X11-unix/X0");
    for (int i = 0; i < 2; i++) {
        find(i ? ":0" : NULL);
        CHECK_INT(servers.count, 0);
        CHECK_INT(refused.count, 1);
        CHECK_TEXT(reason(0), why);
    }
}

static void socket_of_nobody_is_a_refusal(void)
{
    begin();
    process(11, "Xvfb", 'S', "Xvfb :99");
    listening(501, "/tmp/.X11-unix/X99");
    listening(502, "/tmp/.X11-unix/X3");
    find(NULL);
    CHECK_INT(refused.count, 1);
    CHECK_TEXT(reason(0), ":3: there is a socket, but no X server is seen behind it");
}

static void rootless_xwayland_is_marked(void)
{
    begin();
    process(11, "Xwayland", 'S', "Xwayland :0 -rootless -core -listenfd 4");
    process(12, "Xwayland", 'S', "Xwayland :1 -geometry 800x600");
    find(NULL);
    CHECK_TEXT(label(0), ":0 (Xwayland, process 11)");
    CHECK(servers.items[0].rootless && !servers.items[1].rootless);
}

static void shown_server_comes_before_the_others(void)
{
    begin();
    process(10, "Xorg", 'S', "Xorg :0 vt2");
    process(11, "Xorg", 'S', "Xorg :1 vt3");
    process(12, "Xvfb", 'S', "Xvfb :2");
    tree_put_text(tree_path("sys/class/tty/tty0/active"), "tty3\n");
    find(NULL);
    CHECK_TEXT(label(0), ":1 (Xorg, process 11)");
    CHECK(servers.items[0].shown && !servers.items[1].shown);
    CHECK_TEXT(label(1), ":0 (Xorg, process 10)");
    CHECK_TEXT(label(2), ":2 (Xvfb, process 12)");
}

static void active_session_names_the_display(void)
{
    begin();
    process(10, "Xorg", 'S', "Xorg :0");
    process(11, "Xorg", 'S', "Xorg :1");
    tree_put_text(tree_path("run/systemd/seats/seat0"), "# private\nIS_SEAT0=1\nACTIVE=c2\nACTIVE_UID=1000\n");
    tree_put_text(tree_path("run/systemd/sessions/c2"), "UID=1000\nTYPE=x11\nDISPLAY=:1\nVTNR=2\n");
    find(NULL);
    CHECK_TEXT(label(0), ":1 (Xorg, process 11)");
    tree_put_text(tree_path("run/systemd/seats/seat0"), "ACTIVE=/etc/x\n");
    find(NULL);
    CHECK_TEXT(label(0), ":0 (Xorg, process 10)");
}

/* Anybody can write a command line: a virtual terminal counts for who has it open, and for root. */
static void virtual_terminal_that_is_only_claimed_does_not_count(void)
{
    begin();
    process(10, "Xorg", 'S', "Xorg :7 vt3");
    ids(10, 1000, 1000);
    tree_link(tree_path("proc/10/fd/0"), "/dev/null");
    tree_put_text(tree_path("sys/class/tty/tty0/active"), "tty3\n");
    find(NULL);
    CHECK(!servers.items[0].shown && servers.items[0].vt == 0);
    tree_link(tree_path("proc/10/fd/1"), "/dev/tty2"); /* another one */
    find(NULL);
    CHECK(!servers.items[0].shown);
    tree_link(tree_path("proc/10/fd/2"), "/dev/tty3");
    find(NULL);
    CHECK(servers.items[0].shown && servers.items[0].vt == 3);
}

static void server_of_another_user_than_the_seats_is_not_shown(void)
{
    begin();
    process(10, "Xorg", 'S', "Xorg :1 vt3");
    ids(10, 1001, 1001);
    tree_link(tree_path("proc/10/fd/2"), "/dev/tty3");
    process(11, "Xvfb", 'S', "Xvfb :2");
    ids(11, 1001, 1001);
    tree_put_text(tree_path("sys/class/tty/tty0/active"), "tty3\n");
    tree_put_text(tree_path("run/systemd/seats/seat0"), "ACTIVE=c2\nACTIVE_UID=1000\n");
    tree_put_text(tree_path("run/systemd/sessions/c2"), "UID=1000\nTYPE=x11\nDISPLAY=:2\nVTNR=3\n");
    find(NULL);
    CHECK(!servers.items[0].shown && !servers.items[1].shown);
    ids(10, 1000, 1000);
    ids(11, 1000, 1000);
    find(NULL);
    CHECK(servers.items[0].shown && servers.items[1].shown);
}

static void name_alone_puts_no_server_first(void)
{
    begin();
    process(10, "Xvfb", 'S', "Xvfb :1");
    process(11, "Xorg", 'S', "Xorg :2");
    ids(11, 1000, 1000);
    find(NULL);
    CHECK_TEXT(label(0), ":1 (Xvfb, process 10)");
    ids(11, 0, 0);
    find(NULL);
    CHECK_TEXT(label(0), ":2 (Xorg, process 11)");
}

static void server_that_is_set_user_id_root_belongs_to_who_started_it(void)
{
    begin();
    process(10, "Xorg", 'S', "Xorg :0");
    ids(10, 1000, 0);
    find(NULL);
    CHECK_INT(servers.items[0].uid, 0);
    CHECK_INT(servers.items[0].owner, 1000);
    CHECK_INT(servers.items[0].group, 1000);
    ids(10, 0, 1000); /* one that gave up root */
    find(NULL);
    CHECK_INT(servers.items[0].owner, 1000);
}

static void more_servers_than_fit_are_told(void)
{
    begin();
    for (int i = 0; i < X11_SERVERS_MAX + 1; i++) {
        char arguments[32];
        snprintf(arguments, sizeof arguments, "Xvfb :%d", i);
        process(1000 + i, "Xvfb", 'S', arguments);
    }
    find(NULL);
    CHECK_INT(servers.count, X11_SERVERS_MAX);
    CHECK_INT(refused.count, 1);
    CHECK(strstr(reason(0), ": there are more than 64 X servers"));
}

int main(void)
{
    RUN(nothing_runs);
    RUN(arguments_are_read);
    RUN(processes_that_are_no_servers_are_left);
    RUN(number_is_found_through_the_sockets);
    RUN(number_is_found_through_the_lock);
    RUN(number_that_cant_be_told_is_a_refusal);
    RUN(display_may_be_of_a_server_whose_number_cant_be_told);
    RUN(display_comes_first_with_its_screen);
    RUN(display_of_another_machine_is_refused);
    RUN(display_without_a_process_is_tried);
    RUN(server_that_would_be_started_is_not_tried);
    RUN(socket_of_nobody_is_a_refusal);
    RUN(rootless_xwayland_is_marked);
    RUN(shown_server_comes_before_the_others);
    RUN(active_session_names_the_display);
    RUN(virtual_terminal_that_is_only_claimed_does_not_count);
    RUN(server_of_another_user_than_the_seats_is_not_shown);
    RUN(name_alone_puts_no_server_first);
    RUN(server_that_is_set_user_id_root_belongs_to_who_started_it);
    RUN(more_servers_than_fit_are_told);
    forget();
    tree_end();
    return CHECK_RESULT();
}
