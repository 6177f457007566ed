/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images of an X screen, converted to RGB24. They come through shared memory (MIT-SHM) where the server can attach it,
 * else through the connection (XGetImage). */
#ifndef CAPTURE_X11_IMAGE_H
#define CAPTURE_X11_IMAGE_H

#include "capture/x11/compose.h"
#include "capture/x11/connection.h"

struct x11_image {
    XImage *ximage; /* owned; NULL: none. Its data is the segment's when the method is "shm" */
    XShmSegmentInfo segment;
    size_t segment_size;           /* bytes; 0: none */
    bool no_shm;                   /* shared memory does not work on this connection */
    struct capture_memory *memory; /* borrowed: where the picture is to be; or NULL */
    uint8_t *rgb;                  /* owned, unless in that memory */
    size_t rgb_size;               /* bytes */
    const char *method;            /* of the last image: "shm" or "getimage" */
};

/* Gets an area of screen number `number`. image->ximage is NULL when the screen has become smaller than the area. */
int x11_image_get(struct x11_image *image, struct x11_connection *connection, int number, const struct rect *area,
                  struct error *err);
/* Finds the memory of a picture of the area, which keeps what is in it. It is valid until the next call. */
int x11_image_canvas(struct x11_image *image, const struct rect *area, struct x11_canvas *canvas, struct error *err);
/* Converts image->ximage, which is a part of the canvas, in its coordinates. */
int x11_image_decode(struct x11_image *image, struct x11_connection *connection, int number, const struct rect *part,
                     const struct x11_canvas *canvas, struct error *err);
void x11_image_close(struct x11_image *image, struct x11_connection *connection); /* accepts a zeroed one */

/* Writes a sentinel into each row, by which an image that the server did not write is detected. Xorg writes nothing
   while its virtual terminal is inactive: the previous picture would be taken for a new one. */
void x11_sentinel_write(uint8_t *pixels, size_t stride, uint32_t height, uint32_t seed);
/* Returns whether the sentinels of all rows are still there. */
bool x11_sentinel_is_intact(const uint8_t *pixels, size_t stride, uint32_t height, uint32_t seed);

#endif
