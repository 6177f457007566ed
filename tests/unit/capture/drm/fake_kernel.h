/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A made-up kernel with one graphics card, /dev/dri/card0, for tests of capture/drm. It answers the ioctls of mode-setting
 * as the kernel's drivers/gpu/drm does: lists are filled only when all fits, a framebuffer's handles are new ones each
 * time, memory can be mapped as a dma-buf or as a dumb buffer. What is wrong about a call is counted.
 *
 * It takes the place of ioctl(), open(), syscall() and of capture/drm/sysfs.c, so it is to be linked before the library.
 */
#ifndef TESTS_UNIT_CAPTURE_DRM_FAKE_KERNEL_H
#define TESTS_UNIT_CAPTURE_DRM_FAKE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define FAKE_CRTCS_MAX 2
#define FAKE_CONNECTORS_MAX 4
#define FAKE_PLANES_MAX 8
#define FAKE_FRAMEBUFFERS_MAX 16
#define FAKE_BUFFERS_MAX 8
#define FAKE_BLOBS_MAX 8
#define FAKE_HANDLES_MAX 64
#define FAKE_DUMB_SIZE (1u << 20) /* bytes between two dumb buffers in the card's file */

/* The properties of planes, with the names that the kernel's documentation has for them. */
enum fake_property {
    FAKE_TYPE,
    FAKE_CRTC_ID,
    FAKE_FB_ID,
    FAKE_CRTC_X,
    FAKE_CRTC_Y,
    FAKE_CRTC_W,
    FAKE_CRTC_H,
    FAKE_SRC_X,
    FAKE_SRC_Y,
    FAKE_SRC_W,
    FAKE_SRC_H,
    FAKE_ROTATION,
    FAKE_ALPHA,
    FAKE_BLEND,
    FAKE_ZPOS,
    FAKE_ENCODING,
    FAKE_RANGE,
    FAKE_HOT_X,
    FAKE_HOT_Y,
    FAKE_PROPERTY_COUNT
};
/* The values of FAKE_TYPE and FAKE_BLEND. */
enum fake_plane_type { FAKE_OVERLAY, FAKE_PRIMARY, FAKE_CURSOR };
enum fake_blend { FAKE_BLEND_PREMULTIPLIED, FAKE_BLEND_COVERAGE, FAKE_BLEND_NONE };

struct fake_plane {
    uint32_t id;
    uint32_t has; /* bit N: it has property N */
    uint64_t values[FAKE_PROPERTY_COUNT];
};

struct fake_crtc {
    uint32_t id;
    bool active;
    uint16_t width, height, refresh;
    uint32_t x, y;                       /* in the framebuffer, of the legacy interface */
    uint32_t degamma, ctm, gamma;        /* blobs, 0: none */
    bool varies;                         /* its refresh rate */
    const uint16_t (*legacy_gamma)[256]; /* borrowed: red, green, blue; NULL: it has none */
};

struct fake_connector {
    uint32_t id, type, type_id;
    uint32_t crtc; /* 0: it is off */
    uint32_t hdr;  /* a blob, 0: none */
};

/* `handles` has the numbers of buffers, from 1 on; 0: none. */
struct fake_framebuffer {
    uint32_t id, fourcc, width, height;
    uint32_t handles[4], pitches[4], offsets[4];
    bool has_modifier;
    uint64_t modifier;
    uint32_t bits, depth; /* for the legacy interface */
};

struct fake_buffer {
    uint8_t *bytes; /* shared with whoever maps it */
    size_t size;
    int memory; /* a file in memory; owned */
};

struct fake_blob {
    uint32_t id, len;
    const uint8_t *bytes; /* borrowed */
};

struct fake_kernel {
    const char *driver; /* borrowed */
    bool lacks_atomic, lacks_getfb2, lacks_prime, lacks_dumb, unprivileged;
    bool has_master;    /* another program is the card's master */
    bool hides_cursors; /* of atomic clients that do not know of hotspots: the card of a hypervisor */
    struct fake_crtc crtcs[FAKE_CRTCS_MAX];
    struct fake_connector connectors[FAKE_CONNECTORS_MAX];
    struct fake_plane planes[FAKE_PLANES_MAX];
    struct fake_framebuffer framebuffers[FAKE_FRAMEBUFFERS_MAX];
    struct fake_buffer buffers[FAKE_BUFFERS_MAX];
    struct fake_blob blobs[FAKE_BLOBS_MAX];
    uint32_t crtc_count, connector_count, plane_count, framebuffer_count, buffer_count, blob_count;
    uint32_t unknown_planes; /* so many more are listed, and none can be asked about */
    int enum_count;          /* how many values an enum property is said to have; 0: as many as it has */

    const char *const *crc_lines; /* borrowed; of CRTC 0's crc/data in debugfs, ended by NULL; NULL: there is none */

    /* Called before each ioctl on the card: an errno that it fails with, or 0. May change what is here. NULL: none. */
    int (*hook)(unsigned long request, const void *argument);

    /* What happened. */
    unsigned calls;
    bool is_master, is_universal, is_atomic, knows_hotspots; /* of the card's one opener */
    unsigned calls_as_master;                                /* but for the one that ends it */
    unsigned probes;                                         /* of connectors' hardware */
    unsigned wrong_closes;                                   /* of handles that were not open */
    unsigned open_cards;                                     /* times that the card was opened, so far */
    int syncs;                                               /* dma-bufs' begins less their ends */
    uint32_t handles[FAKE_HANDLES_MAX];                      /* [N - 1]: the buffer of handle N; 0: it is not open */
    int card;                                                /* a file in memory; owned */
};
extern struct fake_kernel fake;

/* Forgets all that there was. The kernel has a card without anything then, whose driver is "fake". */
void fake_begin(void);
void fake_end(void);

/* Each adds one, and ends the program where there is no room for it. Numbers as the kernel has them are given by the caller,
   who makes them different. */
void fake_add_crtc(uint32_t id, uint16_t width, uint16_t height);
void fake_add_connector(uint32_t id, uint32_t type, uint32_t type_id, uint32_t crtc);
/* Zeroed memory, as handles[] of a framebuffer names it. */
uint32_t fake_add_buffer(size_t size);
uint8_t *fake_bytes(uint32_t buffer);
/* Linear, with 4 bytes a pixel, a buffer of its own, and the modifier that says so. */
struct fake_framebuffer *fake_add_framebuffer(uint32_t id, uint32_t fourcc, uint32_t width, uint32_t height,
                                              uint32_t pitch);
/* Shows all of the framebuffer at (x, y) in its own size. Has the properties that every atomic driver has, and no others. */
struct fake_plane *fake_add_plane(uint32_t id, enum fake_plane_type type, uint32_t crtc, uint32_t framebuffer,
                                  int32_t x, int32_t y);
/* Gives the plane a property that it may lack. */
void fake_set(struct fake_plane *plane, enum fake_property property, uint64_t value);
void fake_add_blob(uint32_t id, const void *bytes, size_t len);

unsigned fake_open_handles(void);
struct fake_framebuffer *fake_find_framebuffer(uint32_t id);

/* Answers an ioctl on the card, as fake_answers.c does: 0 or an errno. */
int fake_answer(unsigned long request, void *argument);

#endif
