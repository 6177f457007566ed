/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is logged on at the screen: by logind's files, or without logind by who has the active virtual terminal. Only for
 * linux/.
 *
 * Facts: /run/systemd/seats and /run/systemd/sessions as sd-login(3) reads them; /sys/class/tty/tty0/active of the
 * kernel; proc(5).
 */
#ifndef LINUX_USER_LOGIN_H
#define LINUX_USER_LOGIN_H

#include "base/error.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <sys/types.h>

struct login {
    uid_t user;
    char id[64];       /* logind's name of it; "" without logind */
    char seat[32];     /* "seat0" */
    char display[64];  /* X display; "" when it has none */
    char terminal[32]; /* "tty2"; "" when it has none */
};

/* Finds who is logged on at the screen. root is "" but in tests. ERR_UNAVAILABLE with the reason while nobody is. */
int login_find(struct login *out, const char *root, struct error *err);

/* Reads a short file below root, with a NUL. Returns false when there is no such file or it is empty. */
bool login_read_text(const char *root, const char *path, char *out, size_t size);

/* Copies the value of "KEY=value" in the text of such a file, "" when it has none. */
void login_get_value(const char *text, const char *key, char *out, size_t size);

/* Returns whether logind can have made the name of a session: then a path can be made of it. */
bool login_is_plain(const char *name);

/* Returns whether the process is the user's. */
bool login_is_of(const char *root, long pid, uid_t user);

/* Where to look for the variables that programs of a session find in their environment. */
struct login_search {
    const struct login *session; /* NULL for a user who may have no session */
    uid_t user;
    const char *root; /* "" but in tests */
    /* Called before the environment of a process, or what the user owns, is read, which may never end; false passes it
       over. `pid` is LOGIN_PLACES for what the user owns. */
    bool (*may_read)(void *context, long pid);
    void *context;
};
#define LOGIN_PLACES(user) (-2 - (long)(0x3fffffff & (user)))
/* Adds the session's variables: each from the process that knows most of them among those that have it, first of the
   session, then of the user in no session, and none of another session; what no process knows, as logind's files and the
   sockets in the runtime folder tell. Returns the process that named the display, or 0. Reads what the calling thread may
   read. */
long login_environment(const struct login_search *search, struct strlist *out);

#endif
