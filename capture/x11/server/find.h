/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The X servers that run here. No socket is connected: it may belong to a compositor that would start Xwayland for a
 * client. So only servers whose process is found count, and the one of DISPLAY, whatever its process is called.
 */
#ifndef CAPTURE_X11_SERVER_FIND_H
#define CAPTURE_X11_SERVER_FIND_H

#include "base/strlist.h"
#include "capture/x11/server/proc.h"

#define X11_SERVERS_MAX 64

struct x11_server {
    unsigned number; /* N of :N */
    unsigned screen; /* S of :N.S */
    pid_t pid;       /* 0: unknown */
    uid_t uid;       /* the effective one of the process; -1: unknown */
    uid_t owner;     /* whose server it is: who started one that is set-user-ID root; -1: unknown */
    gid_t group;     /* the owner's; -1: unknown */
    char name[X11_PROCESS_NAME_SIZE];
    char *authority; /* owned; the file of its option -auth, or NULL */
    unsigned vt;     /* that it holds; 0: none, or only a claim of its command line */
    bool rootless;   /* Xwayland whose root window is never shown */
    bool chosen;     /* it is the one of DISPLAY */
    bool shown;      /* it is on the active virtual terminal or of seat0's active session */
};

struct x11_servers {
    struct x11_server items[X11_SERVERS_MAX];
    size_t count;
    bool waiting; /* DISPLAY is of a compositor that would start its server for a client */
};

/* Finds the running servers. The one of `display` (the value of DISPLAY, or NULL) comes first, then the one that is
   shown, then those on hardware, then by number. Where `display` names one, others that no monitor shows are left out.
   Each one that can't be used adds a line "WHO: why" to `refused`. */
void x11_servers_find(struct x11_servers *servers, const char *root, const char *display, struct strlist *refused);
void x11_servers_deinit(struct x11_servers *servers); /* accepts a zeroed one */

/* Reads a server's process, whatever it is called. *number_known: its command line tells its number. Returns false when the
   process has ended or can't be read; `refused` then may have a reason. */
bool x11_server_read(struct x11_server *server, bool *number_known, const char *root, pid_t pid,
                     struct strlist *refused);

/* Writes the server's label: ":0 (Xorg, process 812)". */
void x11_server_label(const struct x11_server *server, char *text, size_t size);

#endif
