/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/logind.h"

#include "base/number.h"
#include "capture/x11/server/proc.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Reads the value of KEY= from a file of such lines, as systemd stores its sessions. It is "" when there is none. */
static void logind_read_value(const char *path, const char *key, char *value, size_t size)
{
    char text[4096];
    size_t len = strlen(key);
    value[0] = 0;
    if (x11_read_file(path, text, sizeof text) < 0)
        return;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, key, len) == 0 && line[len] == '=')
            snprintf(value, size, "%s", line + len + 1);
}

/* Reads the files of seat0 and its session. They are no stable interface, so each may be missing. */
static void logind_read_session(const char *root, struct x11_logind *logind)
{
    char path[PATH_MAX], number[16];
    x11_path(path, sizeof path, "%s/run/systemd/seats/seat0", root);
    logind_read_value(path, "ACTIVE", logind->session, sizeof logind->session);
    if (strchr(logind->session, '/'))
        logind->session[0] = 0;
    if (logind->session[0] == 0)
        return;
    logind_read_value(path, "ACTIVE_UID", number, sizeof number);
    const char *digits = number;
    uint64_t uid = 0;
    logind->uid_known = number_take(&digits, UINT32_MAX - 1, &uid) && *digits == 0;
    logind->uid = (uid_t)uid;
    x11_path(path, sizeof path, "%s/run/systemd/sessions/%s", root, logind->session);
    logind_read_value(path, "DISPLAY", logind->display, sizeof logind->display);
    logind_read_value(path, "TYPE", logind->type, sizeof logind->type);
    logind_read_value(path, "VTNR", number, sizeof number);
    if (x11_parse_number(number) > 0)
        logind->session_vt = (unsigned)x11_parse_number(number);
}

static unsigned logind_read_active_vt(const char *root)
{
    char path[PATH_MAX], text[32];
    x11_path(path, sizeof path, "%s/sys/class/tty/tty0/active", root);
    if (x11_read_file(path, text, sizeof text) <= 0 || strncmp(text, "tty", 3) != 0)
        return 0;
    text[strcspn(text, "\n")] = 0;
    long vt = x11_parse_number(text + 3);
    return vt > 0 ? (unsigned)vt : 0;
}

void x11_logind_read(const char *root, struct x11_logind *logind)
{
    *logind = (struct x11_logind){.vt = logind_read_active_vt(root)};
    logind_read_session(root, logind);
}
