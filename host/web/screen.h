/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's screen as it is known here: one framebuffer that all its viewers share, browsers and others. A thread of its
 * own fetches what changes (screen_watch.c), only while somebody watches. Each tile knows in which generation of the
 * screen it has changed last, so a viewer needs only to remember the generation that it was sent.
 *
 * All is read and written between screen_lock() and screen_unlock(); who holds the lock must never wait.
 */
#ifndef HOST_WEB_SCREEN_H
#define HOST_WEB_SCREEN_H

#include "base/error.h"
#include "base/strlist.h"
#include "host/web/blob.h"
#include "host/web/damage.h"
#include "host/web/pointer.h"
#include "picture/hash.h"
#include "picture/image.h"

#include <stdbool.h>
#include <stdint.h>

#define SCREEN_PIXELS_MAX (1u << 26) /* 8192 x 8192: 192 MiB */
#define SCREEN_PNGS 32               /* rectangles that are kept encoded, for the next viewer */
#define SCREEN_REASON_SIZE 1024

struct os_mutex;
struct guest;

struct screen_png {
    struct damage_box box;
    uint32_t generation; /* of the newest tile in it */
    struct blob *png;
};

struct screen {
    struct os_mutex *lock;
    struct guest *guest;     /* borrowed */
    char *output;            /* NULL: what a person looks at */
    struct screen *next;     /* of the guest's, under the guest's lock */
    unsigned watchers;       /* under the guest's lock */
    struct periscope *waits; /* the thread's connection, under the guest's lock; NULL: there is none */

    uint8_t *pixels; /* RGB24, without gaps; NULL: no picture was had */
    uint32_t width, height;
    uint32_t shape;      /* another number after each change of the size */
    uint32_t generation; /* another number after each change; 0: no picture was had */
    uint32_t *tiles;     /* the generation in which each tile has changed last */
    char hash[PICTURE_HASH_SIZE];
    struct strlist facts; /* of the last picture, the agent's */
    int64_t changed_ms;   /* os_clock_ms() of the last change */
    bool still;           /* seen unchanged for a second */
    bool lost;            /* no picture can be had now */
    char reason[SCREEN_REASON_SIZE];
    struct screen_pointer pointer; /* not shown where it is in the picture */

    struct screen_png pngs[SCREEN_PNGS];
    unsigned next_png;
};

struct screen *screen_new(struct guest *guest, const char *output); /* NULL without memory */
void screen_free(struct screen *screen);
void screen_lock(struct screen *screen);
void screen_unlock(struct screen *screen);

/* ---- what the thread that watches does, with the lock ---- */

/* Takes a whole picture: tiles that differ belong to a new generation. False without memory, or beyond the bound. */
bool screen_take_whole(struct screen *screen, const struct image_view *image);
/* Takes a rectangle of the picture; false when it does not lie within. Part of the generation that the next
   screen_end_parts() begins. */
bool screen_take_part(struct screen *screen, const struct image_view *image, uint32_t x, uint32_t y);
void screen_end_parts(struct screen *screen);

/* ---- what viewers do, with the lock ---- */

/* Returns a rectangle as a PNG, of which the caller is an owner. NULL when it does not lie within the picture, or
   without memory. */
struct blob *screen_png(struct screen *screen, const struct damage_box *box);

/* The same with the pointer drawn in; and its rows of RGB, without gaps, which the caller owns. */
struct blob *screen_png_painted(struct screen *screen, const struct damage_box *box);
uint8_t *screen_painted(const struct screen *screen, const struct damage_box *box);

/* ---- from any thread, without the lock (screen_watch.c) ---- */

/* Begins to watch a guest's screen: each change is told by gateway_wake(). NULL without memory or threads. */
struct screen *screen_subscribe(struct guest *guest, const char *output, struct error *err);
/* Ends it: the screen must not be used after it. */
void screen_unsubscribe(struct screen *screen);

#endif
