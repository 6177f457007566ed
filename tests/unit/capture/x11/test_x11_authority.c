/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files are tried for a server's authority, in a made-up tree. */
#include "capture/x11/server/authority.h"
#include "tests/unit/check.h"
#include "tests/unit/capture/tree.h"

static struct x11_server server;
static struct x11_environment environment;
static struct strlist paths;

static void begin(void)
{
    tree_begin();
    strlist_deinit(&paths);
    server = (struct x11_server){.number = 3, .uid = 1000};
    environment = (struct x11_environment){0};
}

/* The files that a stage adds, without the tree's own folder, each with a space behind. */
static const char *added(enum x11_authority_stage stage)
{
    static char text[4096];
    size_t i = paths.count;
    text[0] = 0;
    x11_authority_files(tree_root, stage, &environment, &server, &paths);
    for (; i < paths.count; i++) {
        const char *path = paths.items[i];
        if (strncmp(path, tree_root, strlen(tree_root)) == 0)
            path += strlen(tree_root);
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", path);
    }
    return text;
}

static void variables(int pid, const char *words)
{
    char bytes[512];
    snprintf(bytes, sizeof bytes, "%s", words);
    for (char *c = bytes; *c; c++)
        if (*c == ' ')
            *c = 0;
    tree_put(tree_path("proc/%d/environ", pid), bytes, strlen(words) + 1);
}

static void own_environment_is_as_xlib_reads_it(void)
{
    begin();
    CHECK_TEXT(added(X11_AUTHORITY_OWN), "");
    environment = (struct x11_environment){.home = "/home/u"};
    CHECK_TEXT(added(X11_AUTHORITY_OWN), "/home/u/.Xauthority ");
    environment = (struct x11_environment){.xauthority = "/run/own", .home = "/home/v"};
    CHECK_TEXT(added(X11_AUTHORITY_OWN), "/run/own ");
    CHECK_TEXT(added(X11_AUTHORITY_OWN), ""); /* none twice */
}

static void option_of_the_server(void)
{
    char path[] = "/run/user/1000/gdm/Xauthority";
    begin();
    CHECK_TEXT(added(X11_AUTHORITY_SERVER), "");
    server.authority = path;
    CHECK_TEXT(added(X11_AUTHORITY_SERVER), "/run/user/1000/gdm/Xauthority ");
}

static void clients_of_the_display_alone(void)
{
    begin();
    variables(1, "PATH=/bin");
    variables(20, "DISPLAY=:30 XAUTHORITY=/run/thirty");
    variables(21, "XAUTHORITY=/run/three HOME=/home/x DISPLAY=:3");
    CHECK_TEXT(added(X11_AUTHORITY_CLIENTS), "/run/three ");
    variables(22, "DISPLAY=unix:3.1 HOME=/home/y");
    CHECK_TEXT(added(X11_AUTHORITY_CLIENTS), "/home/y/.Xauthority ");
    variables(23, "DISPLAY=:3.0 XAUTHORITY=relative HOME=/home/z"); /* relative to what? */
    CHECK_TEXT(added(X11_AUTHORITY_CLIENTS), "/home/z/.Xauthority ");
    variables(24, "DISPLAY=otherhost:3 XAUTHORITY=/run/other");
    CHECK_TEXT(added(X11_AUTHORITY_CLIENTS), "");
}

static void known_places_of_this_user_and_display(void)
{
    const char *files[] = {"run/user/1000/gdm/Xauthority",
                           "run/user/1001/gdm/Xauthority",
                           "run/user/1000/.mutter-Xwaylandauth.AB12",
                           "run/user/1000/xauth_xYz",
                           "run/user/1000/0e2c1b1e-0000-4000-8000-000000000000",
                           "run/sddm/xauth_q",
                           "run/lightdm/root/:3",
                           "run/lightdm/root/:4",
                           "run/lightdm/u/xauthority",
                           "run/lxdm/lxdm-:3.auth",
                           "run/gdm3/auth-for-u/database",
                           "run/slim.auth",
                           "var/lib/xdm/authdir/authfiles/A:3",
                           "var/lib/gdm3/:3.Xauth",
                           "tmp/serverauth.1",
                           "tmp/.gdmX",
                           "tmp/.Xauth1",
                           "tmp/xauth-1000-_3",
                           "tmp/xauth-1000-_4"};
    begin();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        tree_put_text(tree_path("%s", files[i]), "");
    CHECK_TEXT(added(X11_AUTHORITY_KNOWN),
               "/run/user/1000/gdm/Xauthority /run/user/1000/.mutter-Xwaylandauth.AB12 /run/user/1000/xauth_xYz "
               "/run/user/1000/0e2c1b1e-0000-4000-8000-000000000000 /run/sddm/xauth_q /run/lightdm/root/:3 "
               "/run/lightdm/u/xauthority /run/lxdm/lxdm-:3.auth /run/gdm3/auth-for-u/database /run/slim.auth "
               "/var/lib/xdm/authdir/authfiles/A:3 /var/lib/gdm3/:3.Xauth /tmp/serverauth.1 /tmp/.gdmX /tmp/.Xauth1 "
               "/tmp/xauth-1000-_3 ");
}

static void files_are_bounded(void)
{
    begin();
    for (int i = 0; i < X11_AUTHORITY_FILES_MAX + 10; i++)
        tree_put_text(tree_path("tmp/.Xauth%d", i), "");
    added(X11_AUTHORITY_KNOWN);
    CHECK_INT(paths.count, X11_AUTHORITY_FILES_MAX);
}

static void cookies_are_shown_to_whom_they_belong(void)
{
    struct x11_authority authority = {.owner = 1000};
    CHECK(x11_authority_may_show(&authority, 1000));
    CHECK(x11_authority_may_show(&authority, 0));
    CHECK(!x11_authority_may_show(&authority, 1001));
    authority.public = true;
    CHECK(x11_authority_may_show(&authority, 1001));
}

int main(void)
{
    RUN(own_environment_is_as_xlib_reads_it);
    RUN(option_of_the_server);
    RUN(clients_of_the_display_alone);
    RUN(known_places_of_this_user_and_display);
    RUN(files_are_bounded);
    RUN(cookies_are_shown_to_whom_they_belong);
    strlist_deinit(&paths);
    tree_end();
    return CHECK_RESULT();
}
