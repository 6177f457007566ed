/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding X servers in a made-up tree of /proc, /tmp, /run and /sys. */
#include "capture/x11/server/find.h"
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

/* One of root's; every second one has its name in a file of its own, too. Arguments are separated by one space each. */
static void process(int pid, const char *name, char state, const char *arguments)
{
    char text[512];
    snprintf(text, sizeof text, "%d (%s) %c 1 1 1 0 -1 4194560 0", pid, name, state);
    tree_put_text(tree_path("proc/%d/stat", pid), text);
    snprintf(text, sizeof text, "%s\n", name);
    if (pid % 2 == 0)
        tree_put_text(tree_path("proc/%d/comm", pid), text);
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
    CHECK_INT(servers.count, 1);
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

/* As NixOS, xpra and others rename them. */
static void renamed_server_is_found_without_display(void)
{
    static const char *const names[] = {".Xvfb-wrapped", "Xvfb-for-Xpra-:", "Xorg-for-Xpra-:", ".Xtigervnc-wrap",
                                        "Xorg.bin",      "Xvnc-core",       "x2goagent"};
    static const char *const others[] = {"X-session-manag", "Xsession", "xvfb-run", "Xvfbx", ".xserver", "X11vnc"};
    begin();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char arguments[32];
        snprintf(arguments, sizeof arguments, "server :%zu", 5 + i);
        process(10 + (int)i, names[i], 'S', arguments);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        process(40 + (int)i, others[i], 'S', "other :4");
    find(NULL);
    CHECK_INT(servers.count, sizeof names / sizeof *names);
    find(":5");
    CHECK_TEXT(label(0), ":5 (.Xvfb-wrapped, process 10)");
}

static void lock(int number, int pid)
{
    char text[16];
    snprintf(text, sizeof text, "%10d\n", pid);
    tree_put_text(tree_path("tmp/.X%d-lock", number), text);
}

static void open_socket(int pid, int fd, int inode)
{
    char text[32];
    snprintf(text, sizeof text, "socket:[%d]", inode);
    tree_link(tree_path("proc/%d/fd/%d", pid, fd), text);
}

static void server_of_display_may_have_any_name(void)
{
    begin();
    process(70, "screen", 'S', "/opt/screen -rootless :3 -auth /run/three.auth");
    lock(3, 70);
    listening(501, "/tmp/.X11-unix/X3");
    open_socket(70, 4, 501);
    find(":3.1");
    CHECK_TEXT(label(0), ":3 (screen, process 70)");
    CHECK_TEXT(servers.items[0].authority, "/run/three.auth");
    CHECK(servers.items[0].chosen && servers.items[0].rootless);
    CHECK_INT(servers.items[0].screen, 1);
    CHECK_INT(refused.count, 0);
    find(NULL); /* not without being named */
    CHECK_INT(servers.count, 0);
}

/* A compositor is known by what it does: it has the display's socket, and serves Wayland. */
static void compositor_that_waits_is_known_by_its_sockets(void)
{
    begin();
    process(70, "shell", 'S', "/usr/bin/shell :3");
    lock(3, 70);
    listening(501, "@/tmp/.X11-unix/X3");
    listening(502, "/tmp/.X11-unix/X3");
    listening(503, "/run/user/1000/wayland-1");
    open_socket(70, 4, 502);
    open_socket(70, 5, 503);
    find(":3");
    CHECK_TEXT(label(0), ":3 (shell, process 70)");
    CHECK(!servers.waiting);
    tree_link(tree_path("proc/70/fd/6"), "/run/user/1000/wayland-0.lock"); /* of no socket */
    find(":3");
    CHECK_INT(servers.count, 1);
    tree_link(tree_path("proc/70/fd/7"), "/run/user/1000/wayland-1.lock");
    find(":3");
    CHECK_INT(servers.count, 0);
    CHECK(servers.waiting);
    CHECK_TEXT(reason(0), ":3: no X server runs; shell (process 70) would start one for us");
}

/* Files that can't be read leave the command line: an X server's has its display. */
static void owner_whose_files_are_unreadable_is_known_by_its_command_line(void)
{
    static const struct {
        const char *arguments;
        bool waits;
    } owners[] = {{"one :3", false},
                  {"one -displayfd 5", false},
                  {"one", true},
                  {"one --xwayland-display :3", true},
                  {"one :2 -display :3", true}};
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
        begin();
        process(70, "one", 'S', owners[i].arguments);
        lock(3, 70);
        listening(501, "/tmp/.X11-unix/X3");
        find(":3");
        CHECK_INT(servers.waiting, owners[i].waits);
        CHECK_INT(servers.count, !owners[i].waits);
    }
}

/* A lock's number is of a PID namespace, and anybody may have written it. */
static void lock_of_another_container_names_nobody_here(void)
{
    begin();
    process(70, "sshd", 'S', "/usr/sbin/sshd");
    lock(3, 70);
    listening(501, "/tmp/.X11-unix/X3");
    tree_link(tree_path("proc/70/fd/0"), "/dev/null");
    find(":3");
    CHECK_TEXT(label(0), ":3");
    CHECK(servers.items[0].chosen);
    CHECK_INT(servers.items[0].pid, 0);
}

static void display_that_is_not_there_is_told(void)
{
    begin();
    process(11, "Xvfb", 'S', "Xvfb :99");
    process(70, "sshd", 'S', "/usr/sbin/sshd");
    lock(3, 70); /* of a server that was killed, whose number another process has now */
    tree_link(tree_path("proc/70/fd/0"), "/dev/null");
    find(":3");
    CHECK_TEXT(label(0), ":99 (Xvfb, process 11)");
    CHECK(!servers.items[0].chosen);
    CHECK_TEXT(reason(0), ":3: No such file or directory");
}

static void command_line_with_two_displays(void)
{
    static const char *const lines[] = {"Xephyr :2 -display :1", "Xephyr -display :1 :2",
                                        "Xnest -display :1 :2 -title :4", "Xdmx :2 -display :1 -display :3 -input :1"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        begin();
        process(20, "Xephyr", 'S', lines[i]);
        find(":1"); /* of another server, which is not there */
        CHECK_TEXT(label(0), ":2 (Xephyr, process 20)");
        CHECK(!servers.items[0].chosen);
    }
}

static void socket_counts_more_than_the_command_line(void)
{
    begin();
    process(20, "Xnest", 'S', "Xnest :2 -unknown :1");
    listening(501, "/tmp/.X11-unix/X1");
    listening(502, "/tmp/.X11-unix/X2");
    open_socket(20, 3, 499);
    open_socket(20, 4, 502);
    find(NULL);
    CHECK_TEXT(label(0), ":2 (Xnest, process 20)");
    CHECK_TEXT(reason(0), ":1: there is a socket, but no X server is seen behind it");
}

/* Its sockets are not listed among ours. */
static void server_in_another_network_namespace(void)
{
    begin();
    process(20, "Xvfb", 'S', "Xvfb -displayfd 3");
    open_socket(20, 4, 502);
    tree_put_text(tree_path("proc/20/net/unix"),
                  "00000000a2cc3d5f: 00000002 00000000 00010000 0001 01 502 /tmp/.X11-unix/X6\n");
    find(NULL);
    CHECK_TEXT(label(0), ":6 (Xvfb, process 20)");
    CHECK_INT(refused.count, 0);
    process(21, "screen", 'S', "screen");
    lock(7, 21);
    open_socket(21, 4, 503);
    tree_put_text(tree_path("tmp/.X11-unix/X7"), "");
    tree_put_text(tree_path("proc/21/net/unix"),
                  "00000000a2cc3d5f: 00000002 00000000 00010000 0001 01 503 /tmp/.X11-unix/X7\n");
    find(":7");
    CHECK_TEXT(label(0), ":7 (screen, process 21)");
}

static void others_than_that_of_display_are_left_out_where_no_monitor_shows_them(void)
{
    begin();
    process(10, "Xorg", 'S', "Xorg :0 vt2");
    process(11, "Xvfb", 'S', "Xvfb :5");
    process(12, "Xvfb", 'S', "Xvfb :6");
    process(13, "Xorg", 'S', "Xorg :7");
    tree_link(tree_path("proc/13/fd/9"), "/dev/dri/card0");
    tree_put_text(tree_path("sys/class/tty/tty0/active"), "tty2\n");
    find(":6");
    CHECK_INT(servers.count, 3);
    CHECK_TEXT(label(0), ":6 (Xvfb, process 12)");
    CHECK_TEXT(label(1), ":0 (Xorg, process 10)");
    CHECK_TEXT(label(2), ":7 (Xorg, process 13)");
    find("otherhost:6");
    CHECK_INT(servers.count, 4);
    find(":9");
    CHECK_INT(servers.count, 4);
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
    RUN(renamed_server_is_found_without_display);
    RUN(server_of_display_may_have_any_name);
    RUN(compositor_that_waits_is_known_by_its_sockets);
    RUN(owner_whose_files_are_unreadable_is_known_by_its_command_line);
    RUN(lock_of_another_container_names_nobody_here);
    RUN(display_that_is_not_there_is_told);
    RUN(command_line_with_two_displays);
    RUN(socket_counts_more_than_the_command_line);
    RUN(server_in_another_network_namespace);
    RUN(others_than_that_of_display_are_left_out_where_no_monitor_shows_them);
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
