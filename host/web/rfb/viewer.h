/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VNC viewer of a guest's screen: RFB's codec on one side, the guest's screen and hands on the other. Of the service thread
 * alone; knows nothing of sockets. */
#ifndef HOST_WEB_RFB_VIEWER_H
#define HOST_WEB_RFB_VIEWER_H

#include "host/web/damage.h"
#include "host/web/rfb/rfb.h"

#define RFB_VIEWER_HANDSHAKE_S 30

struct gateway;
struct guest;
struct screen;

struct rfb_viewer {
    struct gateway *gateway;
    struct guest *guest;
    struct screen *screen; /* subscribed to */
    char who[80];          /* for the log, and as the driver's name */
    struct rfb rfb;
    size_t at;           /* how much of rfb.out is sent */
    uint32_t shape;      /* of the screen, when damage was taken */
    uint32_t generation; /* that the viewer has once all of damage is sent */
    struct damage damage;

    bool drives;               /* its own pointer is the guest's */
    bool paints;               /* it gets the pointer in its pixels */
    uint32_t pointer;          /* the version that it gets so */
    struct damage_box painted; /* where */
    uint32_t told_shape;       /* the number of the shape that it draws; 0: none was told */
    uint32_t told_x, told_y;
};

/* Begins to watch the guest. NULL without memory or threads. */
struct rfb_viewer *rfb_viewer_new(struct gateway *gateway, struct guest *guest, const char *who);
void rfb_viewer_free(struct rfb_viewer *viewer); /* accepts NULL */
/* Takes its bytes. ERR_PROTOCOL and others: it is to be closed. */
int rfb_viewer_receive(struct rfb_viewer *viewer, const void *bytes, size_t len, struct error *err);
/* Finds what is to be sent to it now; empty when that is nothing. Fails when it is to be closed. */
int rfb_viewer_next(struct rfb_viewer *viewer, struct slice *bytes, struct error *err);
void rfb_viewer_sent(struct rfb_viewer *viewer, size_t len);
/* Returns whether it has shaken hands. */
bool rfb_viewer_is_open(const struct rfb_viewer *viewer);

#endif
