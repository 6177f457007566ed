/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The accounts of this system, as its name services (nsswitch.conf(5)) know them. Only for linux/. */
#ifndef LINUX_USER_ACCOUNT_H
#define LINUX_USER_ACCOUNT_H

#include "linux/user/rights.h"

#define ACCOUNT_NAME_SIZE 256
#define ACCOUNT_PATH_SIZE 4096

struct account {
    int status; /* 0, or why there is none, with `reason` */
    char reason[256];
    struct rights rights;
    char name[ACCOUNT_NAME_SIZE], home[ACCOUNT_PATH_SIZE], shell[ACCOUNT_PATH_SIZE];
};

/* Finds an account by name, or by number when name is NULL. An answer is two seconds old at most; a name service that
   does not answer is waited for as long, and then an older answer is good too. */
int account_find(struct account *out, const char *name, uid_t user, struct error *err);

#endif
