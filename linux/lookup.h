/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks things up in a thread of their own, since who is asked may never answer, and keeps the answers. Only for linux/.
 *
 * A cache is static. An answer is `size` bytes without pointers. Who asks waits until the look-up has taken patience_ms,
 * however many ask, and has an older answer then, if there is one.
 */
#ifndef LINUX_LOOKUP_H
#define LINUX_LOOKUP_H

#include "base/error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOKUP_KEY_SIZE 192
#define LOOKUP_ENTRIES 8 /* answers kept, and look-ups under way, of a cache */
#define LOOKUP_OLD 1     /* the answer is an older one */

enum lookup_age {
    LOOKUP_FRESH,
    LOOKUP_AGING, /* good, but another look is taken meanwhile */
    LOOKUP_STALE
};

struct lookup_entry {
    char key[LOOKUP_KEY_SIZE]; /* "": it is free */
    void *answer;              /* owned; NULL until there is one */
    unsigned made;             /* answers so far */
    int64_t made_ms, started_ms;
    const void *looking; /* the job under way, or NULL */
};

struct lookup_cache {
    size_t question_size, size;                                 /* bytes of a question and of an answer */
    void (*look)(const void *question, void *answer);           /* may block; the answer is zeroed before */
    enum lookup_age (*age)(const void *answer, int64_t age_ms); /* never blocks */
    int patience_ms;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t ended; /* some look-up has */
    bool ready;           /* `ended` can be waited for */
    struct lookup_entry entries[LOOKUP_ENTRIES];
};

/* Copies the answer for the key. Returns 0, LOOKUP_OLD, or ERR_TIMEOUT, ERR_LIMIT or ERR_NO_MEMORY with no answer. */
int lookup_get(struct lookup_cache *cache, const char *key, const void *question, void *answer, struct error *err);

#endif
