/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A card (/dev/dri/cardN) and the kernel's calls on it. The calls are made directly: they are the kernel's stable
 * interface, so a guest needs no library to be looked at, and the one call that hangs can be named.
 */
#ifndef CAPTURE_DRM_CARD_H
#define CAPTURE_DRM_CARD_H

#include "base/error.h"
#include "capture/drm/sysfs.h"

#include <libdrm/drm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct drm_card {
    int fd;          /* owned; -1: not open */
    unsigned number; /* of /dev/dri/cardN */
    char driver[32]; /* DRM's name for it; "" where it isn't known */
    struct card_identity identity;
    enum card_class class; /* set by the caller */
    bool atomic;           /* planes tell all of their state; else only what is in the primary one can be known */
    struct drm_property_cache *properties; /* owned; see drm_object.h */
};

/* Opens it and is not its master when it returns. */
int drm_card_open(struct drm_card *card, unsigned number, struct error *err);
void drm_card_close(struct drm_card *card); /* accepts one that failed to open */

/* One ioctl, made again while it is interrupted: 0, or the errno. `name` outlives the call. */
int drm_call(const struct drm_card *card, unsigned long request, const char *name, void *argument);
#define DRM_CALL(card, NAME, argument) drm_call(card, DRM_IOCTL_##NAME, #NAME, argument)

/* Names what is done next with the card, where that is no ioctl. */
void drm_call_begins(const struct drm_card *card, const char *name);

/* What the last call was, for one that does not return; from any thread. */
void drm_describe_call(char *text, size_t size);

#endif
