/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files that logind, systemd and the kernel tell of the desktop with: sd-login(3), pam_nologin(8),
 * systemd.offline-updates(7).
 */
#include "platform/desktop.h"

#include "linux/user/login.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 8192
#define PATH_SIZE 512

/* systemd forbids to log on while it boots, and again once it shuts down; each time the file says why. */
static void desktop_read_nologin(const char *root, struct os_desktop *out)
{
    char text[128];
    if (!login_read_text(root, "/run/nologin", text, sizeof text))
        return;
    text[strcspn(text, ".\n")] = '\0';
    bool ends = strstr(text, "going down") != NULL;
    snprintf(ends ? out->ending : out->booting, OS_DESKTOP_TEXT_SIZE, "nobody may log on: %s", text);
}

/* The generator of systemd points the default target elsewhere in a boot that installs updates. */
static void desktop_read_updates(const char *root, struct os_desktop *out)
{
    char path[PATH_SIZE], target[256];
    snprintf(path, sizeof path, "%s/run/systemd/generator.early/default.target", root);
    ssize_t len = readlink(path, target, sizeof target - 1);
    target[len > 0 ? len : 0] = '\0';
    if (strstr(target, "system-update.target"))
        snprintf(out->updating, sizeof out->updating, "this boot installs updates (system-update.target)");
}

static void desktop_read_session(const char *root, const char *id, struct os_desktop *out)
{
    char text[FILE_MAX], path[PATH_SIZE], class[32], type[32], state[32];
    snprintf(path, sizeof path, "/run/systemd/sessions/%s", id);
    if (!login_read_text(root, path, text, sizeof text))
        return;
    login_get_value(text, "CLASS", class, sizeof class);
    login_get_value(text, "TYPE", type, sizeof type);
    login_get_value(text, "STATE", state, sizeof state);
    bool greets = strcmp(class, "greeter") == 0;
    out->is_graphical = strcmp(type, "x11") == 0 || strcmp(type, "wayland") == 0 || strcmp(type, "mir") == 0;
    snprintf(greets ? out->greeter : out->session, OS_DESKTOP_TEXT_SIZE, "%s %s has seat0 (%s, %s)",
             greets ? "the log-on screen" : "session", id, *type ? type : "of no type", *state ? state : "of no state");
}

void os_desktop_read(const char *root, struct os_desktop *out)
{
    char seat[FILE_MAX], id[64];
    *out = (struct os_desktop){.is_graphical = false};
    desktop_read_nologin(root, out);
    desktop_read_updates(root, out);
    if (!login_read_text(root, "/run/systemd/seats/seat0", seat, sizeof seat))
        return;
    login_get_value(seat, "ACTIVE", id, sizeof id);
    if (*id && !strchr(id, '/'))
        desktop_read_session(root, id, out);
}
