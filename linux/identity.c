/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/identity.h"

#include <stdlib.h>
#include <string.h>

struct os_identity {
    char name[64];
};

int os_identity_find(struct os_identity **out, const char *who, struct error *err)
{
    *out = NULL;
    if (strcmp(who, OS_IDENTITY_AGENT) != 0)
        return error_set(err, ERR_UNAVAILABLE, "programs can't be run as '%s'", who);
    *out = calloc(1, sizeof **out);
    if (!*out)
        return error_set(err, ERR_NO_MEMORY, "no memory to look up %s", who);
    strcpy((*out)->name, "the agent's own user");
    return 0;
}

void os_identity_free(struct os_identity *identity)
{
    free(identity);
}

const char *os_identity_name(const struct os_identity *identity)
{
    return identity->name;
}

int os_identity_enter(const struct os_identity *identity, struct error *err)
{
    (void)identity;
    (void)err;
    return 0;
}

void os_identity_leave(const struct os_identity *identity)
{
    (void)identity;
}
