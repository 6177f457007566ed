/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the display hardware scans out, from the kernel (DRM/KMS): console, X and Wayland alike, with no help of
 * either. Needs CAP_SYS_ADMIN: without it the kernel tells of framebuffers, but does not hand them out.
 *
 * Each request opens every card, gives up at once the mastership that the first to open one gets, and closes all
 * before it ends. Nothing is ever set, and no connector is probed. Outputs are named as in sysfs: card0-HDMI-A-1.
 */
#ifndef CAPTURE_DRM_BACKEND_H
#define CAPTURE_DRM_BACKEND_H

#include "capture/capture.h"

extern const struct capture_backend capture_drm; /* its sources: "card1" */

#endif
