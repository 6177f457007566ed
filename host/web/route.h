/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a path of the gateway stands for. Pure. */
#ifndef HOST_WEB_ROUTE_H
#define HOST_WEB_ROUTE_H

#include <stdbool.h>

#define ROUTE_NAME_SIZE 128

enum route_kind {
    ROUTE_NONE,
    ROUTE_WALL,       /* / */
    ROUTE_GUEST_PAGE, /* /guest/NAME */
    ROUTE_STATIC,     /* /static/NAME */
    ROUTE_GUESTS,     /* /api/guests */
    ROUTE_GUEST,      /* /api/guests/NAME */
    ROUTE_SCREENSHOT, /* /api/guests/NAME/screenshot.png */
    ROUTE_THUMBNAIL,  /* /api/guests/NAME/thumbnail.png */
    ROUTE_FILE,       /* /api/guests/NAME/file */
    ROUTE_PROCESSES,  /* /api/guests/NAME/processes */
    ROUTE_LINK,       /* /api/link */
    ROUTE_METRICS,
    ROUTE_HEALTH,
    ROUTE_SOCKET, /* /ws */
    ROUTE_RFB,    /* /rfb/NAME */
};

struct route {
    enum route_kind kind;
    char name[ROUTE_NAME_SIZE]; /* of the guest or file */
};

/* Finds it. path: decoded, without what follows a '?'; prefix: what all paths begin with, "" or "/PATH". */
struct route route_find(const char *path, const char *prefix);
/* Whether a guest's virtual file may be read through the gateway: those that only tell. */
bool route_file_is_allowed(const char *path);
/* The media type of a file of the pages, by its name. */
const char *route_media_type(const char *name);

#endif
