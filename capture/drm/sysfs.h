/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sysfs tells of cards, without opening one. Paths are under `root`, "" but in tests. */
#ifndef CAPTURE_DRM_SYSFS_H
#define CAPTURE_DRM_SYSFS_H

#include "capture/card_class.h"

#include <stdbool.h>
#include <stddef.h>

struct choice_scene;

#define DRM_CARDS_MAX 64 /* the numbers that the kernel has for cards */

/* The cards in /dev/dri, in ascending order; at most DRM_CARDS_MAX. */
size_t drm_sysfs_cards(const char *root, unsigned numbers[DRM_CARDS_MAX]);

/* The driver and the place on the PCI bus of the card's device. */
void drm_sysfs_identify(const char *root, unsigned number, struct card_identity *out);

/* How many of its connectors are driven and not asleep. */
unsigned drm_sysfs_active_count(const char *root, unsigned number);

/* Whether it has outputs and none of them is on. Such a card is not even to be opened: when the last file of a card is
   closed, the kernel's console sets its mode anew, and that would switch them on. */
bool drm_sysfs_is_inactive(const char *root, unsigned number);

/* Whether displays are plugged in and each of them sleeps. */
bool drm_sysfs_is_asleep(const char *root, unsigned number);

/* Whether the text consoles are drawn on it: it has the first framebuffer device, which the kernel gives them unless it
   was told otherwise. */
bool drm_sysfs_has_console(const char *root, unsigned number);

/* Adds the cards that have a node in /dev/dri, by what sysfs tells: none is opened. Paths are under `root`, "" but in
   tests. */
void drm_probe(const char *root, const struct strlist *card_classes, struct choice_scene *scene);

#endif
