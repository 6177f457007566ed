/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The colour tables and the matrix that a CRTC has. */
#ifndef CAPTURE_DRM_COLOR_H
#define CAPTURE_DRM_COLOR_H

#include "picture/colors.h"
#include "capture/drm/card.h"

/* What it has in its properties DEGAMMA_LUT, CTM and GAMMA_LUT; what can't be read counts as none. To be ended with
   colors_deinit(). */
void drm_color_read(const struct drm_card *card, uint32_t crtc, struct colors *colors);

#endif
