/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what sysfs tells of cards, without opening one. Paths are under `root`, "" but in tests. */
#ifndef CAPTURE_DRM_SYSFS_H
#define CAPTURE_DRM_SYSFS_H

#include "capture/card_class.h"

#include <stdbool.h>
#include <stddef.h>

#define DRM_CARDS_MAX 64 /* the numbers that the kernel has for cards */

/* Lists the cards in /dev/dri, in ascending order; at most DRM_CARDS_MAX. */
size_t drm_sysfs_cards(const char *root, unsigned numbers[DRM_CARDS_MAX]);

/* Returns how many of its connectors are enabled and not asleep. */
unsigned drm_sysfs_active_count(const char *root, unsigned number);

/* Returns whether it has outputs and none of them is active. Such a card must not be opened: when the last file of a card
   is closed, the kernel's console sets its mode anew, and that would switch them on. */
bool drm_sysfs_is_inactive(const char *root, unsigned number);

/* Returns whether displays are connected and each of them is asleep. */
bool drm_sysfs_is_asleep(const char *root, unsigned number);

/* Returns whether the text consoles are drawn on it: it has the first framebuffer device, which the kernel gives them
   unless it was told otherwise. */
bool drm_sysfs_has_console(const char *root, unsigned number);

#endif
