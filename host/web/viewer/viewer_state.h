/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a page: what it has asked for, and what it was told. With the messages that need no more than that. */
#ifndef HOST_WEB_VIEWER_VIEWER_STATE_H
#define HOST_WEB_VIEWER_VIEWER_STATE_H

#include "host/common/json.h"
#include "host/web/blob.h"
#include "host/web/damage.h"
#include "host/web/pointer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIEWER_HEADER 20 /* bytes before the PNG of a binary message */
#define VIEWER_FOLLOWS_MAX 8
#define VIEWER_ERRORS_MAX 4

enum viewer_binary { VIEWER_RECTANGLE = 1, VIEWER_THUMBNAIL = 2, VIEWER_POINTER = 3 };

struct gateway;
struct guest;
struct screen;
struct tail;

struct viewer_watch {
    struct guest *guest;            /* NULL: nothing is watched */
    struct screen *screen;          /* subscribed to */
    uint32_t shape;                 /* of the size that was told; 0: none was */
    uint32_t generation;            /* what the page has when all of the frame is drawn */
    uint32_t still;                 /* the generation that was told to be still */
    uint32_t frame;                 /* the number of the last one */
    bool sending;                   /* a frame has rectangles left */
    bool awaits;                    /* the page has not drawn the last frame */
    bool lost;                      /* was told */
    uint32_t pointer;               /* the version of the pointer that was told */
    uint32_t shapes[SCREEN_SHAPES]; /* the numbers of the shapes that were sent */
    struct damage damage;
};

struct viewer {
    struct gateway *gateway;
    char who[80]; /* for the log */

    bool wall, told_list;
    uint32_t *told_versions; /* of each guest; owned */
    uint32_t *told_pictures; /* the generation of each thumbnail; owned */
    bool *in_view;           /* owned */
    size_t next_guest, next_picture;

    struct viewer_watch watch;
    struct tail *follows[VIEWER_FOLLOWS_MAX]; /* owned */
    unsigned next_follow;
    unsigned driver_version; /* of what was told of the driver */
    bool told_driver;

    char *errors[VIEWER_ERRORS_MAX]; /* owned: messages that wait to be sent */
    unsigned error_count, pongs, bad;
    unsigned turn; /* which of the sources may speak next */
    int64_t second;
    unsigned messages; /* in that second */
};

/* Queues {"t":"error"}; status: as of HTTP, 0: none. */
void viewer_error(struct viewer *viewer, int status, const char *text);
/* Makes the pong or the error that waits for the longest time. NULL when there is none. */
struct blob *viewer_next_error(struct viewer *viewer);
/* Ends a text, and makes a message of it. NULL without memory. */
struct blob *viewer_take_json(struct json *json);
/* Makes the header of a binary message, with room for so many bytes behind. NULL without memory. */
struct blob *viewer_binary(enum viewer_binary kind, bool last, uint32_t frame, const struct damage_box *box,
                           const char *name, const struct blob *png);

#endif
