/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The listening sockets and the locks of displays, from files alone. Paths are under `root`, which is "" except in tests. */
#ifndef CAPTURE_X11_SERVER_SOCKET_H
#define CAPTURE_X11_SERVER_SOCKET_H

#include "capture/x11/server/proc.h"

#define X11_SOCKETS_MAX 256

struct x11_socket {
    unsigned long inode;
    unsigned number; /* of the display */
};

struct x11_sockets {
    struct x11_socket items[X11_SOCKETS_MAX];
    size_t count;
};

/* Adds the listening sockets of displays in the network namespace of that process; 0: in ours. */
void x11_sockets_read(struct x11_sockets *sockets, const char *root, pid_t pid);
bool x11_sockets_have(const struct x11_sockets *sockets, unsigned number);
/* Finds a display of which the process has a socket open: *number if that is one, else another. Returns false when there is
   none, or its files can't be read. */
bool x11_sockets_number(const struct x11_sockets *sockets, const char *root, pid_t pid, unsigned *number);
/* Returns whether the process has a socket of the display open, or may have, where that can't be told. Its network namespace
   may be another one than ours. */
bool x11_may_listen(const struct x11_sockets *sockets, const char *root, pid_t pid, unsigned number);
/* Returns whether the display has no socket that is a file. */
bool x11_socket_is_missing(const char *root, unsigned number);

/* Returns the process that the display's lock file names, or 0. In another PID namespace it may be any of ours. */
pid_t x11_lock_owner(const char *root, unsigned number);
/* Returns whether the lock can be that process's own: anybody can write a file of that name, with any process in it. */
bool x11_lock_is_of(const char *root, unsigned number, pid_t pid);

/* Returns whether a compositor has the display and would start an X server for the first client: it has the display's lock
   and its socket, and serves Wayland. */
bool x11_waits_for_client(const char *root, const struct x11_sockets *sockets, unsigned number, pid_t *owner,
                          char name[X11_PROCESS_NAME_SIZE]);

#endif
