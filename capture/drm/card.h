/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A card (/dev/dri/cardN) and the kernel's calls on it, which libdrm makes. It is linked statically, so a guest need not
 * have it. Each call is noted before it is made, so that the one that hangs can be named. Of libdrm, nothing may be used
 * that opens a node, loads a module or probes a connector (drmOpen, drmModeGetConnector).
 */
#ifndef CAPTURE_DRM_CARD_H
#define CAPTURE_DRM_CARD_H

#include "base/error.h"
#include "capture/drm/sysfs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define DRM_PROPERTIES_MAX 512 /* of one object, and of one card */

/* The definitions of properties, read once for each time a card is opened. Filled by object.c. */
struct drm_property_cache {
    drmModePropertyRes *items[DRM_PROPERTIES_MAX]; /* owned */
    size_t count;
};

struct drm_card {
    int fd;          /* owned; -1: not open */
    unsigned number; /* of /dev/dri/cardN */
    char driver[32]; /* DRM's name for it; "" where it isn't known */
    struct card_identity identity;
    enum card_class class; /* set by the caller */
    bool was_master;       /* no program had the card, so that opening it made us its master until we dropped that */
    bool atomic;           /* the planes' state can be read in full; else only the primary plane's framebuffer */
    struct drm_property_cache *properties; /* owned */
};

/* Opens it, and is not its master on return. */
int drm_card_open(struct drm_card *card, unsigned number, struct error *err);
/* The same, without finding out what it is: driver and identity are empty. */
int drm_card_open_node(struct drm_card *card, unsigned number, struct error *err);
void drm_card_close(struct drm_card *card); /* accepts one that failed to open */

/* Notes the name of the operation that begins on the card. `name` must be static. */
void drm_call_begins(const struct drm_card *card, const char *name);

/* Notes the ioctl's name, then evaluates libdrm's call for it. */
#define DRM_CALL(card, name, call) (drm_call_begins(card, name), (call))

/* Makes one ioctl that libdrm has no call for, again while it is interrupted. Returns 0 or the errno. */
int drm_ioctl(const struct drm_card *card, unsigned long request, const char *name, void *argument);
#define DRM_IOCTL(card, NAME, argument) drm_ioctl(card, DRM_IOCTL_##NAME, #NAME, argument)

/* Returns the status for a call's errno: ERR_CLOSED where the card is gone, or does not answer any more, else
   ERR_UNAVAILABLE. */
int drm_call_status(int code);

/* Describes the last call, for the report of one that does not return. Any thread may call it. */
void drm_describe_call(char *text, size_t size);

#endif
