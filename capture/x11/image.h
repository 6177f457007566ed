/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pixels of an X screen, as RGB24. Through shared memory (MIT-SHM) where the server can attach ours, else through
 * the connection. */
#ifndef CAPTURE_X11_IMAGE_H
#define CAPTURE_X11_IMAGE_H

#include "capture/x11/compose.h"
#include "capture/x11/connection.h"

struct x11_image {
    XShmSegmentInfo segment;
    size_t segment_size; /* bytes; 0: none */
    bool no_shm;         /* it was tried on this connection and did not work */
    uint8_t *rgb;        /* owned */
    size_t rgb_size;     /* bytes */
    const char *method;  /* of the last picture: "shm" or "getimage" */
};

enum x11_fetch {
    X11_FETCHED,
    X11_FETCH_AGAIN, /* the screen is not as large as the area any more */
    X11_FETCH_FAILED,
};

/* The area of a screen, valid until the next call. */
enum x11_fetch x11_image_fetch(struct x11_image *image, struct x11_connection *connection, int screen,
                               const struct rect *area, struct x11_canvas *canvas, struct error *err);
void x11_image_close(struct x11_image *image, struct x11_connection *connection); /* accepts a zeroed one */

/* A canary in each row, so that it is noticed when a server writes nothing into memory that it shares: Xorg does so
   while its virtual terminal is not the active one, and the last picture would be taken for a new one. */
void x11_sentinel_write(uint8_t *pixels, size_t stride, uint32_t height, uint32_t seed);
bool x11_sentinel_is_intact(const uint8_t *pixels, size_t stride, uint32_t height, uint32_t seed);

#endif
