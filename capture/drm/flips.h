/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether other framebuffers are scanned out than a moment ago, or at another place: told by the numbers of framebuffers and the
 * properties of planes and CRTCs, without reading a pixel. The kernel tells nobody but the master of flips, so it is asked
 * again and again. What is drawn into the framebuffer that is shown is not noticed. */
#ifndef CAPTURE_DRM_FLIPS_H
#define CAPTURE_DRM_FLIPS_H

#include "base/strlist.h"

#include <stdbool.h>
#include <stdint.h>

struct drm_flips {
    bool known;
    uint64_t seen;   /* hash of all that */
    int64_t told_ms; /* when it was another */
};

/* Waits until it is another than at the last call, or timeout_ms is nearly over: adds "pixels=1" and "pointer=1". The first call
   returns at once with both. While no program has a card (the console's), nothing flips, and it is not asked again: closing
   such a card has the kernel set its mode anew. */
void drm_flips_await(struct drm_flips *flips, int timeout_ms, struct strlist *facts);

#endif
