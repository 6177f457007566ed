/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The graphics card of an X server's output, found by the files that the server's process has open. */
#ifndef CAPTURE_X11_CARD_H
#define CAPTURE_X11_CARD_H

#include "capture/card_class.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Finds the card of an output among those that the server has open. When these are several it is the one with a connector
   of the output's name; with "" as its driver when several have. Returns false when there is none. Paths are under `root`, which is "" except in tests. */
bool x11_card_find(const char *root, uint64_t cards, const char *output, struct card_identity *card);

/* Returns whether the kernel's name ("card1-HDMI-A-1") and the server's name ("HDMI-1") are of the same output. `cards`
   are those that the server has open. */
bool x11_card_is_output(uint64_t cards, const char *kernel_name, const char *output);

/* Returns the cards that the server, a process, has open: bit N for card N. 0 also when its files can't be read. */
uint64_t x11_card_mask(const char *root, pid_t pid);

#endif
