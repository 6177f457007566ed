/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/capture.h"
#include "capture/drm.h"
#include "capture/pattern.h"
#include "capture/x11.h"

const struct capture_backend *const capture_backends[] = {
    &capture_x11,
    &capture_drm,
    &capture_pattern,
    NULL,
};
