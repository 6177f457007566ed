/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Xauthority files that may be a server's, in the order in which they are tried, and reading one. */
#ifndef CAPTURE_X11_SERVER_AUTHORITY_H
#define CAPTURE_X11_SERVER_AUTHORITY_H

#include "base/error.h"
#include "base/strlist.h"
#include "capture/x11/server/auth.h"
#include "capture/x11/server/find.h"

#define X11_AUTHORITY_FILES_MAX 64 /* for one server */

/* In the order in which they are tried. A stage is only tried when the server refused those before. */
enum x11_authority_stage {
    X11_AUTHORITY_OWN,     /* the file of the agent's own environment */
    X11_AUTHORITY_SERVER,  /* the server's option -auth */
    X11_AUTHORITY_CLIENTS, /* from the environments of processes that use the display */
    X11_AUTHORITY_KNOWN,   /* the known paths of display managers */
    X11_AUTHORITY_STAGES,
};

struct x11_environment { /* borrowed; any may be NULL */
    const char *xauthority, *home;
};

/* Adds the files of a stage that are not in `paths` yet. */
void x11_authority_files(const char *root, enum x11_authority_stage stage, const struct x11_environment *environment,
                         const struct x11_server *server, struct strlist *paths);

struct x11_authority {
    struct x11_cookies cookies;
    uid_t owner;
    bool public; /* anybody may read the file */
};

/* Reads the cookies for display :number from a regular file of at most X11_AUTH_FILE_MAX bytes. The error's text is the
   reason without the path. */
int x11_authority_load(struct x11_authority *authority, const char *path, unsigned number, const char *host_name,
                       struct error *err);
/* Returns whether the cookies may be sent to a server that runs as `uid`. Another user's process that poses as a server
   must not get cookies that only root can read. */
bool x11_authority_may_show(const struct x11_authority *authority, uid_t uid);

#endif
