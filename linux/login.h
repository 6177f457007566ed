/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is logged on at the screen: by logind's files, or without logind by who has the active virtual terminal. Only for
 * linux/.
 *
 * Facts: /run/systemd/seats and /run/systemd/sessions as sd-login(3) reads them; /sys/class/tty/tty0/active of the
 * kernel; proc(5).
 */
#ifndef LINUX_LOGIN_H
#define LINUX_LOGIN_H

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

/* Where to look for the variables that programs of a session find in their environment. */
struct login_search {
    const struct login *session; /* NULL for a user who may have no session */
    uid_t user;
    const char *root; /* "" but in tests */
    /* Called before the environment of a process is read, which may never end; false passes that process over. */
    bool (*may_read)(void *context, long pid);
    void *context;
};
/* Adds the session's variables, from the process in it that knows most of them, and returns that process. Adds none and
   returns 0 where none runs. Reads what the calling thread may read. */
long login_environment(const struct login_search *search, struct strlist *out);

#endif
