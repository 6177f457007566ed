/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a card is, by sysfs: for the kernel's picture and for an X server's it has the same names. */
#ifndef CAPTURE_LINUX_CARD_H
#define CAPTURE_LINUX_CARD_H

#include "capture/card_class.h"

/* Identifies the device of /dev/dri/cardN: its driver, by DRM's name for it, and its place on the PCI bus. Paths are under
   `root`, "" but in tests. */
void linux_card_identify(const char *root, unsigned number, struct card_identity *out);

#endif
