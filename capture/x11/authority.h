/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a server's authority may be kept: the files to try, in order, and reading one. */
#ifndef CAPTURE_X11_AUTHORITY_H
#define CAPTURE_X11_AUTHORITY_H

#include "base/error.h"
#include "base/strlist.h"
#include "capture/x11/auth.h"
#include "capture/x11/find.h"

#define X11_AUTHORITY_FILES_MAX 64 /* for one server */

/* In the order in which they are tried, each only when those before did not do. */
enum x11_authority_stage {
    X11_AUTHORITY_OWN,     /* of the agent's own environment */
    X11_AUTHORITY_SERVER,  /* the server's option -auth */
    X11_AUTHORITY_CLIENTS, /* of the environments of processes that use the display */
    X11_AUTHORITY_KNOWN,   /* where display managers are known to keep it */
    X11_AUTHORITY_STAGES,
};

struct x11_environment { /* borrowed; any may be NULL */
    const char *display, *xauthority, *home;
    const char *only; /* the one server that is wanted: ":0" */
};

/* Adds the files of a stage that are not in paths yet. */
void x11_authority_files(const char *root, enum x11_authority_stage stage, const struct x11_environment *environment,
                         const struct x11_server *server, struct strlist *paths);

struct x11_authority {
    struct x11_cookies cookies;
    uid_t owner;
    bool public; /* anybody may read the file */
};

/* Only a regular file, of X11_AUTH_FILE_MAX bytes at most. The error's text is the reason alone. */
int x11_authority_load(struct x11_authority *authority, const char *path, unsigned number, const char *host_name,
                       struct error *err);
/* Whether a server that runs as uid may be shown the cookies: another user's process must not be able to collect, by
   posing as a server, what only root can read. */
bool x11_authority_may_show(const struct x11_authority *authority, uid_t uid);

#endif
