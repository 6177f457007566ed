/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the planes of one output and composes them. */
#ifndef CAPTURE_DRM_SNAPSHOT_H
#define CAPTURE_DRM_SNAPSHOT_H

#include "capture/capture.h"
#include "capture/drm/pointer.h"
#include "capture/drm/state.h"

struct drm_snapshot_options {
    bool cursor;
    bool colors;               /* apply the CRTC's tables and its matrix */
    const struct rect *crc_of; /* the part of the output that the CRC is computed of; NULL: none */
    int64_t deadline_ms;       /* os_deadline()'s; after it there is no further attempt */
};

/* Where several outputs differ, the highest value is reported. */
enum drm_cursor {
    DRM_CURSOR_ON_NO_PLANE,     /* hidden, or a program draws it into its framebuffer */
    DRM_CURSOR_OFF_ON_NO_PLANE, /* not wanted, but that may be so */
    DRM_CURSOR_HIDDEN,
    DRM_CURSOR_OFF,
    DRM_CURSOR_UNAVAILABLE,
    DRM_CURSOR_DRAWN,
};

struct drm_snapshot {
    bool coherent; /* the planes were the same after the last byte was read as before the first */
    enum drm_cursor cursor;
    struct rect cursor_place;    /* on the output, when it was drawn; may lie beyond it */
    struct drm_pointer pointer;  /* owned; where the cursor is not wanted and there is one */
    uint32_t crc;                /* of all 16 bits a channel (picture/crc.h), where one was asked for */
    int64_t read_us, compose_us; /* copying pixels out of video memory, in the last try; making a picture of them */
};

/* Draws the output into RGB24 rows of its own size. Adds the facts drm.plane, color, color.applied and
   warning. */
int drm_snapshot_take(const struct drm_output *output, const struct drm_snapshot_options *options, uint8_t *rgb,
                      uint32_t stride, struct drm_snapshot *snapshot, struct strlist *facts, struct error *err);

#endif
