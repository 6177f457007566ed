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
/* Adds the variables that programs of that user's session find in their environment, from the process in it that knows
   most of them. Adds none where none runs. session: NULL for a user who may have no session. */
void login_environment(const struct login *session, uid_t user, const char *root, struct strlist *out);

#endif
