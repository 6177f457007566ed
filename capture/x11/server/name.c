/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/x11/server/name.h"

#include "base/number.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const char *const server_names[] = {"X",      "Xorg",   "Xwayland", "Xvfb",      "Xephyr",
                                           "Xnest",  "Xvnc",   "Xvnc4",    "Xtigervnc", "Xtightvnc",
                                           "Xspice", "Xdummy", "Xdmx",     "nxagent",   "x2goagent"};
static const char *const display_options[] = {"-display", "-input", "-console", "-title", "-desktop"};

static bool x11_text_is(const char *text, const char *end, const char *want)
{
    return (size_t)(end - text) == strlen(want) && memcmp(text, want, strlen(want)) == 0;
}

bool x11_parse_display(const char *text, unsigned *number, unsigned *screen)
{
    const char *slash = strrchr(text, '/'), *colon = strrchr(text, ':'), *host = slash ? slash + 1 : text;
    uint64_t n, s = 0;
    if (!colon || colon < host)
        return false;
    bool is_local = colon == host || x11_text_is(host, colon, "unix") || (slash && x11_text_is(text, slash, "unix"));
    const char *rest = colon + 1;
    if (!is_local || !number_take(&rest, X11_DISPLAY_MAX, &n))
        return false;
    if (*rest == '.' && (rest++, !number_take(&rest, UINT16_MAX, &s)))
        return false;
    *number = (unsigned)n;
    *screen = (unsigned)s;
    return *rest == 0;
}

bool x11_is_program(const char *name, const char *program)
{
    size_t len = strlen(program);
    name += name[0] == '.';
    return strncmp(name, program, len) == 0 && (name[len] == 0 || (len > 1 && strchr("-_.", name[len])));
}

bool x11_is_server_name(const char *name)
{
    for (size_t i = 0; i < sizeof server_names / sizeof *server_names; i++)
        if (x11_is_program(name, server_names[i]))
            return true;
    return false;
}

bool x11_takes_display(const char *option)
{
    for (size_t i = 0; i < sizeof display_options / sizeof *display_options; i++)
        if (strcmp(option, display_options[i]) == 0)
            return true;
    return false;
}
