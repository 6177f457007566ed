/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what a card scans out: its outputs, and the state of a CRTC with the planes on it. */
#ifndef CAPTURE_DRM_STATE_H
#define CAPTURE_DRM_STATE_H

#include "picture/colors.h"
#include "picture/compose.h"
#include "capture/drm/card.h"

#define DRM_OUTPUTS_MAX 64 /* of all cards */
#define DRM_PLANES_MAX 32  /* shown by one CRTC */
#define DRM_OUTPUT_NAME_SIZE 48

struct drm_output {
    char name[DRM_OUTPUT_NAME_SIZE]; /* card0-HDMI-A-1 */
    const struct drm_card *card;     /* borrowed */
    uint32_t crtc;                   /* 0: nothing drives it */
    uint32_t mirrored;               /* another CRTC of the card, before it, that shows the very same; 0: none */
    uint32_t width, height;          /* of the mode; 0 when the CRTC has none */
    uint32_t refresh;                /* of the mode, Hz, rounded; 0 where the driver does not tell */
    unsigned hdr; /* the EOTF that the display is told, as CTA-861 numbers them; 0: SDR, or not known */
    int32_t x;    /* in the layout of all outputs; set by the caller */
};

/* Appends the card's connectors, of which at most DRM_OUTPUTS_MAX are kept in all. */
int drm_outputs_read(const struct drm_card *card, struct drm_output outputs[DRM_OUTPUTS_MAX], size_t *count,
                     struct error *err);

/* Finds among outputs that are on those of other CRTCs with the same part of the same framebuffer, as where X or the console
   mirrors a screen. */
void drm_outputs_find_mirrors(struct drm_output *outputs, size_t count);

/* X(symbol, the property's name, its value where a plane has no such property) */
#define DRM_PLANE_PROPERTIES(X)                                                                                        \
    X(PLANE_TYPE, "type", 1)                                                                                           \
    X(PLANE_CRTC_ID, "CRTC_ID", 0)                                                                                     \
    X(PLANE_FB_ID, "FB_ID", 0)                                                                                         \
    X(PLANE_CRTC_X, "CRTC_X", 0)                                                                                       \
    X(PLANE_CRTC_Y, "CRTC_Y", 0)                                                                                       \
    X(PLANE_CRTC_W, "CRTC_W", 0)                                                                                       \
    X(PLANE_CRTC_H, "CRTC_H", 0)                                                                                       \
    X(PLANE_SRC_X, "SRC_X", 0)                                                                                         \
    X(PLANE_SRC_Y, "SRC_Y", 0)                                                                                         \
    X(PLANE_SRC_W, "SRC_W", 0)                                                                                         \
    X(PLANE_SRC_H, "SRC_H", 0)                                                                                         \
    X(PLANE_ROTATION, "rotation", ROTATE_0)                                                                            \
    X(PLANE_ALPHA, "alpha", 0xffff)                                                                                    \
    X(PLANE_BLEND, "pixel blend mode", UINT64_MAX)                                                                     \
    X(PLANE_ZPOS, "zpos", UINT64_MAX)                                                                                  \
    X(PLANE_ENCODING, "COLOR_ENCODING", UINT64_MAX)                                                                    \
    X(PLANE_RANGE, "COLOR_RANGE", UINT64_MAX)                                                                          \
    X(PLANE_HOT_X, "HOTSPOT_X", 0)                                                                                     \
    X(PLANE_HOT_Y, "HOTSPOT_Y", 0)
#define X(symbol, name, absent) symbol,
enum drm_plane_property { DRM_PLANE_PROPERTIES(X) PLANE_PROPERTY_COUNT };
#undef X

struct drm_plane {
    uint64_t id;
    uint64_t values[PLANE_PROPERTY_COUNT];
};

enum drm_lut { DRM_LUT_NONE, DRM_LUT_SET, DRM_LUT_ZERO /* whatever is shown comes out black */ };

struct drm_state {
    bool active;
    uint32_t width, height; /* of the mode */
    size_t plane_count;     /* those with a framebuffer */
    struct drm_plane planes[DRM_PLANES_MAX];
    enum drm_lut gamma;
    struct color palette[256]; /* the gamma table, where it has 256 entries */
    bool has_palette;
    bool varies;         /* the refresh rate does (VRR) */
    bool cursor_unknown; /* the driver tells of no cursor plane's place */
};

/* Reads the state of a CRTC; ERR_CLOSED: the card is gone. */
int drm_state_read(const struct drm_card *card, uint32_t crtc, struct drm_state *state, struct error *err);
bool drm_state_is_same(const struct drm_state *a, const struct drm_state *b);

/* Reads the CRTC's properties DEGAMMA_LUT, CTM and GAMMA_LUT; what can't be read counts as none. To be ended with
   colors_deinit(). */
void drm_state_read_colors(const struct drm_card *card, uint32_t crtc, struct colors *colors);

/* Fills the layer, all but the frame's pixels. */
void drm_plane_layer(const struct drm_card *card, const struct drm_plane *plane, struct layer *layer);

#endif
