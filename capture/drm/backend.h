/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Captures what the display hardware scans out, from the kernel (DRM/KMS): console, X and Wayland alike, without the help
 * of any display server. It needs CAP_SYS_ADMIN: without it the kernel describes framebuffers, but gives no handles.
 *
 * Each request opens every card that has an active output, drops at once the mastership that the first opener gets, and
 * closes all cards before it ends. No state is set, and no connector is probed. Outputs are named as in sysfs:
 * card0-HDMI-A-1.
 */
#ifndef CAPTURE_DRM_BACKEND_H
#define CAPTURE_DRM_BACKEND_H

#include "capture/capture.h"

struct choice_scene;

extern const struct capture_backend capture_drm; /* its sources: "card1" */
/* The same in the calling process, which is one of its own with CAP_SYS_ADMIN and no other right. */
extern const struct capture_backend capture_drm_here;

/* Returns whether the process has CAP_SYS_ADMIN, else sets ERR_DENIED. */
bool drm_has_privilege(struct error *err);

/* Adds the cards that have a node in /dev/dri, by what sysfs tells: none is opened. Paths are under `root`, "" but in
   tests. */
void drm_probe(const char *root, const struct strlist *card_classes, struct choice_scene *scene);
/* Returns whether displays are connected to the cards of the scene, and none of them is on. */
bool drm_all_asleep(const char *root, const struct choice_scene *scene);

/* Lists the rules (may be NULL) of --card-class that no card's driver has: "'virtio=emulated' is of no card here: card0 is
   virtio_gpu". */
void drm_unused_rules(const char *root, const struct strlist *rules, struct strlist *out);

#endif
