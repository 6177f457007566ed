/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bound for memory that many owners hold together. Thread-safe; nothing waits. */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct budget {
    const char *what;   /* "requests": borrowed, for the error's text */
    size_t limit;       /* bytes of all owners together */
    size_t exempt;      /* bytes of each owner that don't count, so that small needs are always met */
    atomic_size_t used; /* bytes that count */
};

/* Changes what one owner holds from `held` to `want` bytes. Returns false, and changes nothing, when all owners would
   then hold more than the limit. An owner may exceed it while no other one holds anything that counts; one that
   holds less than before always may. A budget of NULL is none. */
bool budget_resize(struct budget *budget, size_t held, size_t want);
/* Sets ERR_LIMIT for a budget_resize that returned false. */
int budget_error(struct budget *budget, struct error *err);

#endif
