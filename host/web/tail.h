/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A text of a guest that a page follows: the agent's log, its events, or what a program writes. A thread fetches it; what
 * the page does not take in time is left out, so that no program in a guest ever waits for a browser.
 */
#ifndef HOST_WEB_TAIL_H
#define HOST_WEB_TAIL_H

#include "base/buffer.h"
#include "base/error.h"
#include "host/web/blob.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TAIL_KEPT_MAX (256u << 10) /* bytes that wait for the page */
#define TAIL_PIECE_MAX 16384       /* bytes of a message */
#define TAIL_WHAT_SIZE 64

struct guest;
struct os_mutex;
struct os_waker;
struct periscope;

struct tail {
    atomic_uint owners; /* the page, and the thread */
    struct guest *guest;
    uint32_t id; /* the page's own */
    char what[TAIL_WHAT_SIZE];
    atomic_bool stop;
    struct os_waker *stopped;
    struct os_mutex *lock;

    /* under the lock */
    struct buffer kept;
    uint64_t offset; /* of its first byte in all that has come */
    struct periscope *periscope;
    bool ended, told_end;
    char reason[256];
};

void tail_stop(struct tail *tail); /* accepts NULL; it must not be used after it */
/* Makes the next message: a piece of text, or at last its end. NULL when there is none. */
struct blob *tail_next(struct tail *tail);

/* ---- for the thread that fetches (tail_fetch.c) ---- */

/* Adds what has come; drops the oldest that is not taken. */
void tail_add(struct tail *tail, const void *bytes, size_t len);
void tail_end(struct tail *tail, const char *reason);
/* Makes one that nothing comes for yet; its last owner's tail_release() frees it. */
struct tail *tail_new(struct guest *guest, uint32_t id, const char *what, struct error *err);
void tail_release(struct tail *tail);

/* Returns where what is new begins in a text of which only the end is kept, given what it was before. Pure. */
size_t tail_new_part(const uint8_t *before, size_t before_len, const uint8_t *now, size_t now_len);

#endif
