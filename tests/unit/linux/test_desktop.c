/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What systemd, logind and the kernel tell of the desktop, in files as they write them. */
#include "platform/desktop.h"
#include "platform/gpu.h"
#include "tests/unit/capture/tree.h"
#include "tests/unit/check.h"

#include <stdlib.h>

static struct os_desktop found;

static void read_tree(void)
{
    os_desktop_read(tree_root, &found);
}

static void session(const char *class, const char *type)
{
    char text[256];
    tree_begin();
    tree_put_text(tree_path("run/systemd/seats/seat0"),
                  "# This is private data. Do not parse.\nIS_SEAT0=1\nACTIVE=c1\n");
    snprintf(text, sizeof text, "UID=1000\nSTATE=active\nTYPE=%s\nCLASS=%s\nORIGINAL_TYPE=tty\n", type, class);
    tree_put_text(tree_path("run/systemd/sessions/c1"), text);
    read_tree();
}

static void nothing_there_is_nothing_known(void)
{
    tree_begin();
    read_tree();
    CHECK_TEXT(found.ending, "");
    CHECK_TEXT(found.booting, "");
    CHECK_TEXT(found.updating, "");
    CHECK_TEXT(found.greeter, "");
    CHECK_TEXT(found.session, "");
    CHECK(!found.is_graphical);
}

static void a_greeter_is_told_from_a_user(void)
{
    session("greeter", "wayland");
    CHECK_TEXT(found.greeter, "the log-on screen c1 has seat0 (wayland, active)");
    CHECK_TEXT(found.session, "");
    CHECK(found.is_graphical);
    session("user", "x11");
    CHECK_TEXT(found.greeter, "");
    CHECK_TEXT(found.session, "session c1 has seat0 (x11, active)");
    CHECK(found.is_graphical);
    session("user", "tty");
    CHECK(!found.is_graphical);
}

static void a_session_of_another_folder_is_not_read(void)
{
    tree_begin();
    tree_put_text(tree_path("run/systemd/seats/seat0"), "ACTIVE=../../../greeter\n");
    tree_put_text(tree_path("greeter"), "CLASS=greeter\n");
    read_tree();
    CHECK_TEXT(found.greeter, "");
}

/* The texts are those of systemd 252: tmpfiles.d/systemd-nologin.conf, src/user-sessions/user-sessions.c. */
static void nologin_tells_boot_from_end(void)
{
    tree_begin();
    tree_put_text(tree_path("run/nologin"),
                  "System is booting up. Unprivileged users are not permitted to log in yet.\n");
    read_tree();
    CHECK(strstr(found.booting, "System is booting up") != NULL);
    CHECK_TEXT(found.ending, "");
    tree_begin();
    tree_put_text(tree_path("run/nologin"),
                  "System is going down. Unprivileged users are not permitted to log in anymore.\n");
    read_tree();
    CHECK_TEXT(found.ending, "nobody may log on: System is going down");
    CHECK_TEXT(found.booting, "");
}

static void a_boot_for_updates_is_one(void)
{
    tree_begin();
    tree_link(tree_path("run/systemd/generator.early/default.target"), "/lib/systemd/system/system-update.target");
    read_tree();
    CHECK(*found.updating);
    tree_begin();
    tree_link(tree_path("system-update"), "/var/lib/packages"); /* which the next boot will install */
    read_tree();
    CHECK_TEXT(found.updating, "");
}

static void device(const char *address, const char *class, const char *driver)
{
    tree_put_text(tree_path("sys/bus/pci/devices/%s/class", address), class);
    if (driver)
        tree_link(tree_path("sys/bus/pci/devices/%s/driver", address), driver);
}

static void cards_are_displays_of_any_kind(void)
{
    struct strlist lines = {0};
    tree_begin();
    device("0000:00:02.0", "0x030000\n", "../../../../bus/pci/drivers/bochs-drm");
    device("0000:00:03.0", "0x020000\n", "../../../../bus/pci/drivers/e1000");
    device("0000:06:00.0", "0x030200\n", NULL); /* a 3D controller */
    setenv("PERISCOPED_TEST_SYSTEM", tree_root, 1);
    os_gpu_list_drivers(&lines);
    CHECK_INT(lines.count, 2);
    CHECK_TEXT(lines.items[0], "gpu=0000:00:02.0 bochs-drm");
    CHECK_TEXT(lines.items[1], "gpu=0000:06:00.0 -");
    strlist_deinit(&lines);
}

int main(void)
{
    RUN(nothing_there_is_nothing_known);
    RUN(a_greeter_is_told_from_a_user);
    RUN(a_session_of_another_folder_is_not_read);
    RUN(nologin_tells_boot_from_end);
    RUN(a_boot_for_updates_is_one);
    RUN(cards_are_displays_of_any_kind);
    tree_end();
    return CHECK_RESULT();
}
