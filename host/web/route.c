/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/route.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *path;
    enum route_kind kind;
} exact[] = {
    {"/", ROUTE_WALL},           {"/api/guests", ROUTE_GUESTS}, {"/api/link", ROUTE_LINK},
    {"/metrics", ROUTE_METRICS}, {"/healthz", ROUTE_HEALTH},    {"/ws", ROUTE_SOCKET},
};

static const struct {
    const char *start, *end;
    enum route_kind kind;
} named[] = {
    {"/guest/", "", ROUTE_GUEST_PAGE},
    {"/static/", "", ROUTE_STATIC},
    {"/rfb/", "", ROUTE_RFB},
    {"/api/guests/", "", ROUTE_GUEST},
    {"/api/guests/", "/screenshot.png", ROUTE_SCREENSHOT},
    {"/api/guests/", "/thumbnail.png", ROUTE_THUMBNAIL},
    {"/api/guests/", "/file", ROUTE_FILE},
    {"/api/guests/", "/processes", ROUTE_PROCESSES},
};

/* Takes the name out of "START NAME END": one part of a path, which is no way upwards. */
static bool route_take_name(const char *path, const char *start, const char *end, char name[ROUTE_NAME_SIZE])
{
    size_t start_len = strlen(start), end_len = strlen(end), len = strlen(path);
    if (len <= start_len + end_len || strncmp(path, start, start_len) != 0 || strcmp(path + len - end_len, end) != 0)
        return false;
    len -= start_len + end_len;
    if (len >= ROUTE_NAME_SIZE || memchr(path + start_len, '/', len) || memchr(path + start_len, '\\', len))
        return false;
    memcpy(name, path + start_len, len);
    name[len] = '\0';
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

struct route route_find(const char *path, const char *prefix)
{
    struct route route = {0};
    size_t len = strlen(prefix);
    if (strncmp(path, prefix, len) != 0)
        return route;
    path += len;
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        if (strcmp(path, exact[i].path) == 0)
            route.kind = exact[i].kind;
    for (size_t i = 0; i < sizeof named / sizeof *named && route.kind == ROUTE_NONE; i++)
        if (route_take_name(path, named[i].start, named[i].end, route.name))
            route.kind = named[i].kind;
    return route;
}

/* Whether a text is START, digits, END. */
static bool route_is_numbered(const char *text, const char *start, const char *end)
{
    size_t len = strlen(start);
    if (strncmp(text, start, len) != 0)
        return false;
    size_t digits = strspn(text + len, "0123456789");
    return digits > 0 && digits < 20 && strcmp(text + len + digits, end) == 0;
}

bool route_file_is_allowed(const char *path)
{
    static const char folder[] = ".periscope/";
    static const char *const names[] = {"windows.txt", "console.txt", "log.txt", "events.txt", "status.txt"};
    if (strncmp(path, folder, sizeof folder - 1) != 0)
        return false;
    path += sizeof folder - 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(path, names[i]) == 0)
            return true;
    return route_is_numbered(path, "console-", ".txt") || route_is_numbered(path, "processes-", ".txt") ||
           route_is_numbered(path, "evidence-", ".txt");
}

const char *route_media_type(const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".json", "application/json"},
    };
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t end = strlen(types[i][0]);
        if (len > end && strcmp(name + len - end, types[i][0]) == 0)
            return types[i][1];
    }
    return "application/octet-stream";
}
