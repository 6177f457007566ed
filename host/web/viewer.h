/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A browser's page, as the gateway sees it: what it has asked for, what it was sent, and so what it lacks. Of the service
 * thread alone; knows nothing of sockets. Nothing is queued for it but what it was told wrong: when it can take a message,
 * viewer_next() makes the one that it lacks most, from what is so at that moment. So a page that does not read costs
 * nothing, and when it reads again it gets what is, not what was.
 */
#ifndef HOST_WEB_VIEWER_H
#define HOST_WEB_VIEWER_H

#include "host/web/blob.h"
#include "host/web/damage.h"
#include "host/web/message.h"
#include "host/web/pointer.h"

#include <stdbool.h>
#include <stdint.h>

#define VIEWER_HEADER 20 /* bytes before the PNG of a binary message */
#define VIEWER_FOLLOWS_MAX 8
#define VIEWER_ERRORS_MAX 4
#define VIEWER_BAD_MAX 8        /* wrong messages, then it is closed */
#define VIEWER_MESSAGES_MAX 500 /* a second */

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

struct viewer_message {
    struct blob *blob; /* owned by who asked */
    bool binary;
};

struct viewer *viewer_new(struct gateway *gateway, const char *who); /* NULL without memory */
void viewer_free(struct viewer *viewer);
/* Takes a message of the page. False when it is to be closed: *why says why. */
bool viewer_receive(struct viewer *viewer, const char *bytes, size_t len, const char **why);
/* Makes the message that the page lacks most; false when it lacks none. */
bool viewer_next(struct viewer *viewer, struct viewer_message *message);

/* ---- between its files ---- */

/* Each makes its next message, or returns NULL. */
struct blob *viewer_next_list(struct viewer *viewer);
struct blob *viewer_next_guest(struct viewer *viewer);
struct blob *viewer_next_thumbnail(struct viewer *viewer);
struct blob *viewer_next_screen(struct viewer *viewer, bool *binary);
void viewer_watch_begin(struct viewer *viewer, const struct message *message);
void viewer_watch_end(struct viewer *viewer);
void viewer_drawn(struct viewer *viewer, uint32_t frame);
/* Queues {"t":"error"}; status: as of HTTP, 0: none. */
void viewer_error(struct viewer *viewer, int status, const char *text);
/* Makes the header of a binary message, with room for so many bytes behind. NULL without memory. */
struct blob *viewer_binary(enum viewer_binary kind, bool last, uint32_t frame, const struct damage_box *box,
                           const char *name, const struct blob *png);

#endif
