/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A browser's page, as the gateway sees it: what it has asked for, what it was sent, and so what it lacks. Of the service
 * thread alone; knows nothing of sockets. Nothing is queued for it but what it was told wrong: when it can take a message,
 * viewer_next() makes the one that it lacks most, from what is so at that moment. So a page that does not read costs
 * nothing, and when it reads again it gets what is, not what was.
 */
#ifndef HOST_WEB_VIEWER_VIEWER_H
#define HOST_WEB_VIEWER_VIEWER_H

#include "host/web/blob.h"

#include <stdbool.h>
#include <stddef.h>

#define VIEWER_BAD_MAX 8        /* wrong messages, then it is closed */
#define VIEWER_MESSAGES_MAX 500 /* a second */

struct gateway;
struct viewer;

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

#endif
